/* curl commands as requests: what each option sends. The expected bytes are what curl 7.88 puts on
 * the wire for the same command. */
#include "captured.h"

/* The commands below say that they are token requests by their path. */
static const struct pk_message *request_of(const char *command)
{
	static struct captured captured;

	captured = captured_read(pk_str(command));
	assert_kinds(&captured, "T");
	return &captured.capture.event[0].request;
}

static void bodies_are_what_curl_sends(void **state)
{
	static const struct {
		const char *options, *body;
	} rows[] = {
		{"-d a=b", "a=b"},
		{"-da=b", "a=b"},
		{"-sSd a=b", "a=b"},
		{"--data a=b --data-raw @c", "a=b&@c"},
		{"--data-ascii=a=b --data-binary c=d", "a=b&c=d"},
		{"--data-urlencode 'a=b c~*('", "a=b+c~%2A%28"},
		{"--data-urlencode '=x y'", "x+y"},
		{"--data-urlencode 'x/y'", "x%2Fy"},
		{"--data-urlencode 'code=4/0A+b%2F'", "code=4%2F0A%2Bb%252F"},
		{"-d '&q' -d ''", "&q&"},
		{"-d ''", ""},
		{"--json '{\"a\":1}' --json '{\"b\":1}'", "{\"a\":1}{\"b\":1}"},
		{"-F a=b -F 'c=d e'", "a=b&c=d%20e"},
		{"--form-string 'a=@b'", "a=%40b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char command[256];

		(void)snprintf(command, sizeof(command), "curl -X POST https://p/token %s",
			       rows[i].options);
		assert_text(request_of(command)->body, rows[i].body);
	}
}

static void urls_and_methods(void **state)
{
	static const struct {
		const char *command, *method, *url;
	} rows[] = {
		{"curl https://p/token -d a=b", "POST", "https://p/token"},
		{"curl -d a=b --url https://p/token", "POST", "https://p/token"},
		{"curl p/token -d a", "POST", "http://p/token"},
		{"curl -G https://p/x -d grant_type=a --data-urlencode 'b=c d'", "GET",
		 "https://p/x?grant_type=a&b=c+d"},
		{"curl --get 'https://p/x?grant_type=a' -d b", "GET", "https://p/x?grant_type=a&b"},
		{"curl 'https://p/token' --url-query grant_type=x", "GET",
		 "https://p/token?grant_type=x"},
		{"curl -X PUT https://p/token -d grant_type=a", "PUT", "https://p/token"},
		{"curl -I 'https://p/token?grant_type=a'", "HEAD", "https://p/token?grant_type=a"},
		{"curl -sSkiLv -o out --max-time 3 -w '%{http_code}' https://p/token -d a", "POST",
		 "https://p/token"},
		{"curl --no-progress-meter --proxy http://x -- https://p/token?grant_type=-", "GET",
		 "https://p/token?grant_type=-"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pk_message *request = request_of(rows[i].command);

		assert_text(request->method, rows[i].method);
		assert_text(request->url, rows[i].url);
	}
}

static void headers_are_those_that_curl_sends(void **state)
{
	static const struct {
		const char *options, *name, *value; /* NULL: not sent */
	} rows[] = {
		{"", "Content-Type", "application/x-www-form-urlencoded"},
		{"-H 'content-type: text/plain'", "Content-Type", "text/plain"},
		{"-H 'Content-Type:'", "Content-Type", NULL},
		{"-H 'Content-Type;'", "Content-Type", ""},
		{"--json 1", "Content-Type", "application/json"},
		{"-F a=b", "Content-Type", "multipart/form-data"},
		{"-u 'id:se:cret'", "Authorization", "Basic aWQ6c2U6Y3JldA=="},
		{"--user id:", "Authorization", "Basic aWQ6"},
		{"-u a:b -H 'Authorization: Basic x'", "Authorization", "Basic x"},
		{"--oauth2-bearer t", "Authorization", "Bearer t"},
		{"-b a=b", "Cookie", "a=b"},
		{"-b file", "Cookie", NULL},
		{"-A me", "User-Agent", "me"},
		{"-e https://r/", "Referer", "https://r/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char command[256];
		struct pk_str value;

		(void)snprintf(command, sizeof(command), "curl https://p/token -X POST -d a %s",
			       rows[i].options);
		value = header_of(request_of(command), rows[i].name);
		if (rows[i].value)
			assert_text(value, rows[i].value);
		else
			assert_not_given(value);
	}
}

static void several_commands(void **state)
{
	(void)state;

	const struct captured captured = captured_read(PK_STR(
		"$ curl https://p/token -d a=1 > out.json 2>&1 && curl https://p/token -d a=2 | jq "
		"\".x|$y\"; echo `date`\n"
		"curl https://p/token -d a=3 --next https://p/token -d a=4 # and done\n"
		"{\"error\":\"x\"}\n"));

	assert_kinds(&captured, "TTTT");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(captured.capture.event[i].request.body.ptr[2], '1' + (int)i);
	assert_false(captured.capture.event[2].reply.present);
	assert_text(captured.capture.event[3].reply.body, "{\"error\":\"x\"}");
}

static void what_browsers_copy(void **state)
{
	static const struct {
		const char *file, *url, *body;
	} rows[] = {
		{"readers/chrome-bash.txt", "https://provider.example/oauth/token",
		 "grant_type=authorization_code&code=a%2Ab!1&redirect_uri=https%3A%2F%2Fapp.example"
		 "%2Fcb"},
		{"readers/chrome-cmd.txt", "https://provider.example/oauth/token?x=1&y=a%2Fb",
		 "grant_type=authorization_code&code=a%2Ab!1&note=two\nlines"},
		{"readers/firefox-bash.txt", "https://provider.example/oauth/token",
		 "grant_type=authorization_code&code=a%2Ab%211"},
		{"readers/firefox-cmd.txt", "https://provider.example/oauth/token?x=a%2Fb",
		 "grant_type=authorization_code&code=a%2Ab"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct captured captured = captured_read(captured_file(rows[i].file));

		assert_kinds(&captured, "T");
		assert_text(captured.capture.event[0].request.url, rows[i].url);
		assert_text(captured.capture.event[0].request.body, rows[i].body);
		assert_text(captured.capture.event[0].request.method, "POST");
	}
}

static void what_is_not_here_is_refused(void **state)
{
	static const struct {
		const char *command, *detail;
	} rows[] = {
		{"curl https://p/token -d @body", "line 1: the body is in a file"},
		{"curl https://p/token --json @body", "line 1: the body is in a file"},
		{"curl https://p/token --data-urlencode a@f", "line 1: the value is in a file"},
		{"curl https://p/token \\\n -F a=@f", "line 2: a part of the form is in a file"},
		{"curl https://p/token -H @headers", "line 1: the headers are in a file"},
		{"curl https://p/token -K config", "line 1: options are in a file"},
		{"curl https://p/token -u id", "line 1: curl would ask for the password"},
		{"curl https://p/token \\\n -d a \\\n -d \"code=$CODE\"",
		 "line 3: the value of a shell variable"},
		{"curl https://p/token -d $(cat x)", "line 1: the value of a shell variable"},
		{"curl https://p/token -d 'a", "line 1: a single quote is not closed"},
		{"curl https://p/token -d \"a", "line 1: a double quote is not closed"},
		{"curl https://p/token -d", "line 1: an option at the end"},
		{"curl -d a=b", "line 1: this curl command has no URL"},
		{"curl https://p/token https://q", "line 1: a second URL"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].command, PK_ERR_CAPTURE_SYNTAX, rows[i].detail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_what_curl_sends),
		cmocka_unit_test(urls_and_methods),
		cmocka_unit_test(headers_are_those_that_curl_sends),
		cmocka_unit_test(several_commands),
		cmocka_unit_test(what_browsers_copy),
		cmocka_unit_test(what_is_not_here_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
