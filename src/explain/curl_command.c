/*
 * A curl command as the request that it makes: curl's manual says what each option does to it. What
 * a command reads from a file, a variable or a terminal is not here, and the command is refused.
 * The bytes are those that curl would send.
 */
#include "explain/capture.h"
#include "explain/shell_words.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

/* A command, option by option. */
struct command {
	struct making *making;
	const char *at; /* the place of the option */
	struct pk_header header[CAPTURE_HEADERS_MAX];
	size_t header_count;
	struct pk_str method, url, user;
	struct pk_str body;       /* "not given" without one */
	struct pk_str query;      /* of --url-query */
	const char *content_type; /* that curl sets by itself */
	bool get, head, put;
};

static enum pk_err refuse(const struct command *command, const char *sentence)
{
	return making_refuse(command->making, command->at, "%s", sentence);
}

/* ---- What options do ---- */

static enum pk_err add_header(struct command *command, struct pk_str name, struct pk_str value)
{
	if (command->header_count == CAPTURE_HEADERS_MAX)
		return refuse(command, "more than 100 headers");
	command->header[command->header_count++] = (struct pk_header){name, value};
	return PK_OK;
}

/* Whether the header was given, or taken away. */
static bool has_header(const struct command *command, const char *name)
{
	for (size_t i = 0; i < command->header_count; i++)
		if (command->header[i].name.len == strlen(name) &&
		    strncasecmp(command->header[i].name.ptr, name, strlen(name)) == 0)
			return true;
	return false;
}

/* "Name: value" sets, "Name;" sends it empty, "Name:" takes away the one that curl would send. */
static enum pk_err take_header(struct command *command, struct pk_str text)
{
	struct pk_str value = text;
	struct pk_str name = pk_str_cut(&value, ':');

	if (pk_str_starts(text, PK_STR("@")))
		return refuse(command, "the headers are in a file; write them out");
	if (!value.ptr && pk_str_ends(name, PK_STR(";")))
		return add_header(command, pk_str_first(name, name.len - 1), PK_STR(""));
	if (!value.ptr)
		return PK_OK; /* curl sends no such header */
	value = pk_str_trim(value);
	/* "Not given" stands for one that is taken away, until the end. */
	return add_header(command, pk_str_trim(name), value.len ? value : (struct pk_str){0});
}

/* Several are joined by &. */
static enum pk_err join(struct command *command, struct pk_str *to, struct pk_str text)
{
	if (!to->ptr) {
		*to = text.ptr ? text : PK_STR("");
		return PK_OK;
	}
	return making_joined(command->making, *to, PK_STR("&"), text, to);
}

static enum pk_err add_data(struct command *command, struct pk_str text)
{
	if (!command->content_type)
		command->content_type = "application/x-www-form-urlencoded";
	return join(command, &command->body, text);
}

static enum pk_err take_data(struct command *command, struct pk_str text)
{
	if (pk_str_starts(text, PK_STR("@")))
		return refuse(command, "the body is in a file; put its content in place of @FILE");
	return add_data(command, text);
}

static enum pk_err take_data_raw(struct command *command, struct pk_str text)
{
	return add_data(command, text);
}

/* As curl encodes: unreserved characters stay, a space is +, all others are %XX. */
static enum pk_err encode(struct command *command, struct pk_str name, struct pk_str plain,
			  struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(command->making->arena);

	pk_buf_put(&out, name);
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.ptr[i] == ' ')
			pk_buf_char(&out, '+');
		else
			pk_percent_encode(&out, (struct pk_str){plain.ptr + i, 1});
	}
	return pk_space(command->making->why, pk_arena_close(command->making->arena, &out, ret));
}

/* content, =content, name=content; name@file and @file are not here. */
static enum pk_err encode_data(struct command *command, struct pk_str text, struct pk_str *ret)
{
	const size_t equals = pk_str_find(text, '=');

	if (equals < text.len)
		return encode(command, pk_str_first(text, equals ? equals + 1 : 0),
			      pk_str_from(text, equals + 1), ret);
	if (pk_str_find(text, '@') < text.len)
		return refuse(command, "the value is in a file; put its content in place of @FILE");
	return encode(command, PK_STR(""), text, ret);
}

static enum pk_err take_data_urlencode(struct command *command, struct pk_str text)
{
	struct pk_str encoded;

	TRY(encode_data(command, text, &encoded));
	return add_data(command, encoded);
}

static enum pk_err take_url_query(struct command *command, struct pk_str text)
{
	struct pk_str encoded;

	if (pk_str_starts(text, PK_STR("+")))
		return join(command, &command->query, pk_str_from(text, 1));
	TRY(encode_data(command, text, &encoded));
	return join(command, &command->query, encoded);
}

/* Several are put together without anything between them. */
static enum pk_err take_json(struct command *command, struct pk_str text)
{
	if (pk_str_starts(text, PK_STR("@")))
		return refuse(command, "the body is in a file; put its content in place of @FILE");
	command->content_type = "application/json";
	if (!has_header(command, "Accept"))
		TRY(add_header(command, PK_STR("Accept"), PK_STR("application/json")));
	return making_joined(command->making, command->body, text, PK_STR(""), &command->body);
}

/* A part of a multipart body. It is noted as a form would be: its names and values are evidence,
 * the boundary between them is chance. */
static enum pk_err add_part(struct command *command, struct pk_str text, bool literal)
{
	struct pk_str value = text, part;
	const struct pk_str name = pk_str_cut(&value, '=');
	struct pk_buf out = pk_arena_open(command->making->arena);

	if (!value.ptr)
		return refuse(command, "a part of a form is name=value");
	if (!literal && value.len && (value.ptr[0] == '@' || value.ptr[0] == '<'))
		return refuse(command, "a part of the form is in a file; write it out");
	pk_form_put(&out, 0, name, value);
	TRY(pk_space(command->making->why, pk_arena_close(command->making->arena, &out, &part)));
	command->content_type = "multipart/form-data";
	return join(command, &command->body, part);
}

static enum pk_err take_form(struct command *command, struct pk_str text)
{
	return add_part(command, text, false);
}

static enum pk_err take_form_string(struct command *command, struct pk_str text)
{
	return add_part(command, text, true);
}

static enum pk_err take_user(struct command *command, struct pk_str text)
{
	if (pk_str_find(text, ':') == text.len)
		return refuse(command, "curl would ask for the password; write NAME:PASSWORD");
	command->user = text;
	return PK_OK;
}

static enum pk_err take_bearer(struct command *command, struct pk_str text)
{
	struct pk_str value;

	TRY(making_joined(command->making, PK_STR("Bearer "), text, PK_STR(""), &value));
	return add_header(command, PK_STR("Authorization"), value);
}

static enum pk_err take_method(struct command *command, struct pk_str text)
{
	command->method = text;
	return PK_OK;
}

static enum pk_err take_url(struct command *command, struct pk_str text)
{
	if (command->url.ptr)
		return refuse(command, "a second URL in one command; give each its own, and look "
				       "for a quote that is missing");
	command->url = text;
	return PK_OK;
}

/* Without a = it names a file of cookies, which say nothing here. */
static enum pk_err take_cookie(struct command *command, struct pk_str text)
{
	return pk_str_find(text, '=') < text.len ? add_header(command, PK_STR("Cookie"), text)
						 : PK_OK;
}

static enum pk_err take_referer(struct command *command, struct pk_str text)
{
	return add_header(command, PK_STR("Referer"), text);
}

static enum pk_err take_user_agent(struct command *command, struct pk_str text)
{
	return add_header(command, PK_STR("User-Agent"), text);
}

static enum pk_err take_config(struct command *command, struct pk_str text)
{
	(void)text;
	return refuse(command, "options are in a file; write them out");
}

static enum pk_err set_get(struct command *command, struct pk_str text)
{
	(void)text;
	command->get = true;
	return PK_OK;
}

static enum pk_err set_head(struct command *command, struct pk_str text)
{
	(void)text;
	command->head = true;
	return PK_OK;
}

static enum pk_err skip_value(struct command *command, struct pk_str text)
{
	(void)command;
	(void)text;
	return PK_OK;
}

/* ---- The options ---- */

/* All that bear on the request, and those with a letter that take a value. */
static const struct option {
	char letter; /* or '\0' */
	const char *name;
	enum pk_err (*take)(struct command *command, struct pk_str text);
	bool is_switch;
} options[] = {
	/* clang-format off */
	{'d',  "data",           take_data,           false},
	{'\0', "data-ascii",     take_data,           false},
	{'\0', "data-binary",    take_data,           false},
	{'\0', "data-raw",       take_data_raw,       false},
	{'\0', "data-urlencode", take_data_urlencode, false},
	{'\0', "json",           take_json,           false},
	{'F',  "form",           take_form,           false},
	{'\0', "form-string",    take_form_string,    false},
	{'\0', "url-query",      take_url_query,      false},
	{'H',  "header",         take_header,         false},
	{'u',  "user",           take_user,           false},
	{'\0', "oauth2-bearer",  take_bearer,         false},
	{'X',  "request",        take_method,         false},
	{'\0', "url",            take_url,            false},
	{'b',  "cookie",         take_cookie,         false},
	{'e',  "referer",        take_referer,        false},
	{'A',  "user-agent",     take_user_agent,     false},
	{'K',  "config",         take_config,         false},
	{'T',  "upload-file",    take_config,         false},
	{'G',  "get",            set_get,             true},
	{'I',  "head",           set_head,            true},
	{'C',  "continue-at",    skip_value,          false},
	{'D',  "dump-header",    skip_value,          false},
	{'E',  "cert",           skip_value,          false},
	{'P',  "ftp-port",       skip_value,          false},
	{'Q',  "quote",          skip_value,          false},
	{'U',  "proxy-user",     skip_value,          false},
	{'Y',  "speed-limit",    skip_value,          false},
	{'c',  "cookie-jar",     skip_value,          false},
	{'h',  "help",           skip_value,          false},
	{'m',  "max-time",       skip_value,          false},
	{'o',  "output",         skip_value,          false},
	{'r',  "range",          skip_value,          false},
	{'t',  "telnet-option",  skip_value,          false},
	{'w',  "write-out",      skip_value,          false},
	{'x',  "proxy",          skip_value,          false},
	{'y',  "speed-time",     skip_value,          false},
	{'z',  "time-cond",      skip_value,          false},
	/* clang-format on */
};

/* The other long options that take a value, which is passed over. What is in neither table is a
 * switch that says nothing here. */
/* clang-format off */
static const char *const valued[] = {
	"abstract-unix-socket", "alt-svc", "aws-sigv4", "cacert", "capath", "cert-type", "ciphers",
	"connect-timeout", "connect-to", "create-file-mode", "crlfile", "curves", "delegation",
	"dns-interface", "dns-ipv4-addr", "dns-ipv6-addr", "dns-servers", "doh-url", "ech",
	"egd-file", "engine", "etag-compare", "etag-save", "expect100-timeout", "ftp-account",
	"ftp-alternative-to-user", "ftp-method", "ftp-ssl-ccc-mode", "happy-eyeballs-timeout-ms",
	"haproxy-clientip", "hostpubmd5", "hostpubsha256", "hsts", "interface", "ip-tos",
	"ipfs-gateway", "keepalive-cnt", "keepalive-time", "key", "key-type", "krb", "libcurl",
	"limit-rate", "local-port", "login-options", "mail-auth", "mail-from", "mail-rcpt",
	"max-filesize", "max-redirs", "netrc-file", "noproxy", "output-dir", "parallel-max",
	"parallel-max-host", "pass", "pinnedpubkey", "preproxy", "proto", "proto-default",
	"proto-redir", "proxy-cacert", "proxy-capath", "proxy-cert", "proxy-cert-type",
	"proxy-ciphers", "proxy-crlfile", "proxy-header", "proxy-key", "proxy-key-type",
	"proxy-pass", "proxy-pinnedpubkey", "proxy-service-name", "proxy-tls13-ciphers",
	"proxy-tlsauthtype", "proxy-tlspassword", "proxy-tlsuser", "proxy1.0", "pubkey",
	"random-file", "rate", "request-target", "resolve", "retry", "retry-delay",
	"retry-max-time", "sasl-authzid", "service-name", "signature-algorithms", "socks4",
	"socks4a", "socks5", "socks5-gssapi-service", "socks5-hostname", "stderr", "tftp-blksize",
	"tls-max", "tls13-ciphers", "tlsauthtype", "tlspassword", "tlsuser", "trace",
	"trace-ascii", "trace-config", "unix-socket", "upload-flags", "variable", "vlan-priority",
};
/* clang-format on */

static const struct option no_option = {'\0', "", skip_value, true};
static const struct option other_valued = {'\0', "", skip_value, false};

static const struct option *find_long(struct pk_str name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (pk_str_equal(name, pk_str(options[i].name)))
			return &options[i];
	for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++)
		if (pk_str_equal(name, pk_str(valued[i])))
			return &other_valued;
	return &no_option;
}

static const struct option *find_short(char letter)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].letter == letter)
			return &options[i];
	return &no_option;
}

/* ---- From the words to the request ---- */

static bool says(struct pk_str text, const char *word)
{
	return pk_str_equal(text, pk_str(word));
}

static bool is_curl(struct pk_str word)
{
	return says(word, "curl") || says(word, "curl.exe");
}

bool curl_starts(struct pk_str rest)
{
	if (pk_str_starts(rest, PK_STR("$ ")) || pk_str_starts(rest, PK_STR("% ")))
		rest = pk_str_from(rest, 2);
	if (!pk_str_starts(rest, PK_STR("curl")))
		return false;
	rest = pk_str_from(rest, pk_str_starts(rest, PK_STR("curl.exe")) ? 8 : 4);
	return rest.len && memchr(" \t\\^`\r\n", rest.ptr[0], 7);
}

/* Refuses what came in place of a word. */
static enum pk_err refuse_token(const struct making *making, const struct shell_words *words,
				enum shell_token token)
{
	if (token == SHELL_FULL)
		return pk_space(making->why, PK_ERR_NO_SPACE);
	return making_refuse(making, words->rest.ptr, "%s", words->problem);
}

/* The word after an option is its value. */
static enum pk_err next_value(struct command *command, struct shell_words *words,
			      struct pk_str *ret)
{
	const enum shell_token token = shell_next(words, ret);

	if (token == SHELL_BROKEN || token == SHELL_FULL)
		return refuse_token(command->making, words, token);
	if (token != SHELL_WORD)
		return refuse(command, "an option at the end of the command lacks its value");
	return PK_OK;
}

/* --name value, --name=value */
static enum pk_err read_long(struct command *command, struct shell_words *words, struct pk_str word)
{
	struct pk_str value = pk_str_from(word, 2);
	const struct option *option = find_long(pk_str_cut(&value, '='));

	if (!option->is_switch && !value.ptr)
		TRY(next_value(command, words, &value));
	return option->take(command, value);
}

/* -s, -sSd value, -dvalue */
static enum pk_err read_short(struct command *command, struct shell_words *words,
			      struct pk_str word)
{
	for (size_t i = 1; i < word.len; i++) {
		const struct option *option = find_short(word.ptr[i]);
		struct pk_str value = pk_str_from(word, i + 1);

		if (option->is_switch) {
			TRY(option->take(command, value));
			continue;
		}
		if (!value.len)
			TRY(next_value(command, words, &value));
		return option->take(command, value);
	}
	return PK_OK;
}

static struct pk_str method_of(const struct command *command)
{
	if (command->method.ptr)
		return command->method;
	if (command->head)
		return PK_STR("HEAD");
	return command->body.ptr && !command->get ? PK_STR("POST") : PK_STR("GET");
}

/* Where a query goes on: behind a ? or, if there is one, an &. */
static enum pk_err add_query(struct command *command, struct pk_str query)
{
	const bool has_one = pk_str_find(command->url, '?') < command->url.len;

	if (!query.ptr)
		return PK_OK;
	return making_joined(command->making, command->url, has_one ? PK_STR("&") : PK_STR("?"),
			     query, &command->url);
}

static enum pk_err finish_url(struct command *command)
{
	if (!memmem(command->url.ptr, command->url.len, "://", 3))
		TRY(making_joined(command->making, PK_STR("http://"), command->url, PK_STR(""),
				  &command->url));
	TRY(add_query(command, command->query));
	if (!command->get)
		return PK_OK;
	TRY(add_query(command, command->body));
	command->body = (struct pk_str){0};
	return PK_OK;
}

static enum pk_err add_basic(struct command *command)
{
	struct pk_buf out = pk_arena_open(command->making->arena);
	struct pk_str value;

	pk_buf_put(&out, PK_STR("Basic "));
	pk_base64_encode(&out, command->user.ptr, command->user.len);
	TRY(pk_space(command->making->why, pk_arena_close(command->making->arena, &out, &value)));
	return add_header(command, PK_STR("Authorization"), value);
}

static void drop_taken_away(struct command *command)
{
	size_t kept = 0;

	for (size_t i = 0; i < command->header_count; i++)
		if (command->header[i].value.ptr)
			command->header[kept++] = command->header[i];
	command->header_count = kept;
}

/* What curl sends by itself, unless a header of that name was given or taken away. */
static enum pk_err finish_headers(struct command *command)
{
	if (command->body.ptr && command->content_type && !has_header(command, "Content-Type"))
		TRY(add_header(command, PK_STR("Content-Type"), pk_str(command->content_type)));
	if (command->user.ptr && !has_header(command, "Authorization"))
		TRY(add_basic(command));
	drop_taken_away(command);
	return PK_OK;
}

static enum pk_err finish(struct command *command)
{
	struct pk_event event = {.at = -1, .request = {.present = true}};

	if (!command->url.ptr)
		return refuse(command, "this curl command has no URL");
	TRY(finish_url(command));
	TRY(finish_headers(command));
	event.request.method = method_of(command);
	event.request.url = command->url;
	event.request.body = command->body;
	event.request.header = command->header;
	event.request.header_count = command->header_count;
	TRY(making_keep_headers(command->making, &event.request));
	return making_add(command->making, &event);
}

/* Reads to the end of the command, or to --next, which starts another. */
static enum pk_err read_command(struct making *making, struct shell_words *words,
				enum shell_token *ret_end)
{
	struct command command = {.making = making, .at = words->rest.ptr};
	bool options_end = false;
	struct pk_str word;

	for (;;) {
		*ret_end = shell_next(words, &word);
		if (*ret_end == SHELL_BROKEN || *ret_end == SHELL_FULL)
			return refuse_token(making, words, *ret_end);
		if (*ret_end != SHELL_WORD)
			return finish(&command);
		command.at = words->start;
		if (!options_end && (says(word, "--next") || says(word, "-:")))
			return finish(&command);
		if (!options_end && says(word, "--"))
			options_end = true;
		else if (!options_end && pk_str_starts(word, PK_STR("--")))
			TRY(read_long(&command, words, word));
		else if (!options_end && word.len > 1 && word.ptr[0] == '-')
			TRY(read_short(&command, words, word));
		else
			TRY(take_url(&command, word));
	}
}

/* Another command of the line: what is done with the reply is of no interest. */
static enum pk_err skip_command(struct making *making, struct shell_words *words,
				enum shell_token *ret_end)
{
	struct pk_str word;

	words->any_variable = true;
	do {
		*ret_end = shell_next(words, &word);
	} while (*ret_end == SHELL_WORD);
	words->any_variable = false;
	if (*ret_end == SHELL_BROKEN || *ret_end == SHELL_FULL)
		return refuse_token(making, words, *ret_end);
	return PK_OK;
}

/* Reads a line of commands. */
enum pk_err curl_read(struct making *making, struct pk_str *rest)
{
	struct shell_words words = {
		.arena = making->arena, .shell = shell_guess(*rest), .rest = *rest};
	enum shell_token end = SHELL_NEXT;
	struct pk_str word;

	if (!pk_str_starts(*rest, PK_STR("curl")))
		words.rest = pk_str_from(*rest, 2);
	while (end != SHELL_LINE) {
		const struct shell_words before = words;

		if (end == SHELL_NEXT && (end = shell_next(&words, &word)) == SHELL_WORD &&
		    !is_curl(word)) {
			words = before;
			TRY(skip_command(making, &words, &end));
			continue;
		}
		if (end == SHELL_WORD)
			TRY(read_command(making, &words, &end));
		else if (end == SHELL_BROKEN || end == SHELL_FULL)
			return refuse_token(making, &words, end);
	}
	*rest = words.rest;
	return PK_OK;
}
