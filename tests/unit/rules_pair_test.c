/*
 * The rules of the pair: what each finds, how sure it is, and which evidence it shows. That they
 * keep apart from each other, and silent where nothing is wrong, is shown by tests/captures.
 */
#include "setting.h"

#include "proofkey_explain.h"

#include <stdio.h>

#define V "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns"
#define RIGHT "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8"
#define RIGHT_HEX "e6a178b120743d08509508f269652b0bdf91e29332921bc9e9744fd3dd41bfef"
#define OTHER "XvkLR4XIl4DbkFz3RLEZUBStp8yIjvF8UtfRv0nkK8DqmrBtWvHmEuyBL2enyLF9"
#define OTHER_RIGHT "V0UN9ToT-UnbxeIx7imQdhFjsAZTmuARpHyuD2ajIIo"
#define STATE_SENT "8f2Kq0sTzXh1RWcNvbYd5g"

/* One failed login, as it was captured. The texts are as they stand in a URL. */
struct login {
	const char *provider;
	const char *challenge, *method; /* NULL: not sent */
	const char *token;              /* what the token request has beyond the code */
	const char *more;               /* further events, or NULL */
	const char *stored;             /* a verifier, or NULL */
};

static struct login login_of(const char *provider, const char *challenge, const char *method,
			     const char *token)
{
	return (struct login){
		.provider = provider, .challenge = challenge, .method = method, .token = token};
}

static struct login with_stored(struct login login, const char *verifier)
{
	login.stored = verifier;
	return login;
}

struct explained {
	char text[8192];
	unsigned char memory[1 << 20];
	struct pk_arena arena;
	struct pk_dialect dialects[2];
	struct pk_capture capture;
	struct pk_report report;
};

static struct explained explained;

static void write_capture(const struct login *login)
{
	const int size = snprintf(
		explained.text, sizeof(explained.text),
		"{\"provider\": \"%s\", \"events\": ["
		"{\"kind\": \"authorize\", \"at\": 1764000000, \"url\": "
		"\"https://id.example/authorize"
		"?response_type=code&client_id=app&client_key=app&state=" STATE_SENT "%s%s%s%s\"},"
		"{\"kind\": \"callback\", \"at\": 1764000008,"
		" \"url\": \"https://app.example/callback?code=c0de&state=" STATE_SENT "\"},"
		"{\"kind\": \"token\", \"at\": 1764000009, \"request\": {\"method\": \"POST\","
		" \"url\": \"https://id.example/token\","
		" \"headers\": {\"Content-Type\": \"application/x-www-form-urlencoded\"},"
		" \"body\": \"grant_type=authorization_code&code=c0de&client_id=app%s\"},"
		" \"response\": {\"status\": 400, \"headers\": {},"
		" \"body\": \"{\\\"error\\\":\\\"invalid_grant\\\"}\"}}%s]%s%s%s}",
		login->provider, login->challenge ? "&code_challenge=" : "",
		login->challenge ? login->challenge : "",
		login->method ? "&code_challenge_method=" : "", login->method ? login->method : "",
		login->token, login->more ? login->more : "",
		login->stored ? ", \"stored\": {\"verifier\": \"" : "",
		login->stored ? login->stored : "", login->stored ? "\"}" : "");

	assert_true(size > 0 && (size_t)size < sizeof(explained.text));
}

static const struct pk_report *explain(const struct login *login)
{
	static const char *const names[] = {"rfc7636", "tiktok-desktop"};
	const struct pk_dialect *const dialects[] = {&explained.dialects[0],
						     &explained.dialects[1]};
	struct pk_why why = {0};

	explained.arena = pk_arena(explained.memory, sizeof(explained.memory));
	for (size_t i = 0; i < 2; i++)
		assert_err(pk_dialect_parse(pk_str(names[i]), pk_str(pk_dialect_text(names[i])),
					    &explained.dialects[i], &why),
			   PK_OK);
	write_capture(login);
	assert_err(
		pk_capture_read(&explained.arena, pk_str(explained.text), &explained.capture, &why),
		PK_OK);
	assert_err(pk_explain(&explained.arena, &explained.capture, dialects, 2, &explained.report,
			      &why),
		   PK_OK);
	return &explained.report;
}

static const struct pk_finding *find(const struct pk_report *report, const char *fault)
{
	for (size_t i = 0; i < report->finding_count; i++)
		if (strcmp(report->finding[i].fault->id, fault) == 0)
			return &report->finding[i];
	return NULL;
}

static const struct pk_report *explain_login(struct login login)
{
	return explain(&login);
}

/* The verdict, and its first evidence; NULL where nothing is to be wanted or said. */
static void assert_verdict(struct login login, const char *fault, const char *parameter,
			   const char *want, const char *detail)
{
	const struct pk_report *report = explain(&login);
	const struct pk_finding *first = &report->finding[0];

	assert_true(report->finding_count > 0);
	assert_string_equal(first->fault->id, fault);
	assert_int_equal(first->confidence, PK_PROVED);
	assert_true(first->evidence_count > 0);
	assert_string_equal(first->evidence[0].parameter, parameter);
	if (want)
		assert_text(first->evidence[0].want, want);
	else
		assert_not_given(first->evidence[0].want);
	if (detail)
		assert_true(text_has(first->detail, detail));
	/* What is known only to the client is marked, wherever it stands. */
	for (size_t i = 0; i < first->evidence_count; i++)
		if (text_has(first->evidence[i].got, V) || text_has(first->evidence[i].want, V))
			assert_true(first->evidence[i].secret);
	assert_false(text_has(first->detail, V));
}

static void the_writing_of_the_challenge(void **state)
{
	(void)state;
	assert_verdict(login_of("tiktok-desktop", RIGHT, "S256", "&code_verifier=" V),
		       "challenge-not-hex", "code_challenge", RIGHT_HEX,
		       "The verifier is the right one");
	assert_verdict(login_of("rfc7636", RIGHT_HEX, "S256", "&code_verifier=" V),
		       "challenge-is-hex", "code_challenge", RIGHT, NULL);
	assert_verdict(login_of("rfc7636", RIGHT "%3D", "S256", "&code_verifier=" V),
		       "challenge-padded", "code_challenge", RIGHT, NULL);
	assert_verdict(login_of("rfc7636", "5qF4sSB0PQhQlQjyaWUrC9+R4pMykhvJ6XRP091Bv+8=", "S256",
				"&code_verifier=" V),
		       "challenge-standard-base64", "code_challenge", RIGHT, "arrived as a space");
}

static void what_was_hashed(void **state)
{
	(void)state;
	assert_verdict(login_of("rfc7636", "eM4VoTrTMIxmq7l-UGbflJ_54djfHkvNXKzlqLP8reU", "S256",
				"&code_verifier=" V),
		       "challenge-hashes-raw-bytes", "code_challenge", RIGHT, NULL);
	assert_verdict(
		login_of("rfc7636", "n4ZqvS49FP-Jw8mIwJ4hPq4_Cak", "S256", "&code_verifier=" V),
		"challenge-wrong-hash", "code_challenge", RIGHT, "SHA-1");
	assert_verdict(login_of("rfc7636", "6wRdeNJzEHNIsDAMAdKbdVLWIqu8b6-Bs-xVNZqplQw", "S256",
				"&code_verifier=" V),
		       "challenge-of-empty-value", "code_challenge", RIGHT, "\"undefined\"");
	assert_verdict(login_of("rfc7636", "ZiF4MSB0PQhQFQhyaWUrC18RYhMyEhtJaXRPU11BP28", "S256",
				"&code_verifier=" V),
		       "challenge-digest-as-text", "code_challenge", RIGHT, "exactly");
}

static void what_stuck_to_the_verifier(void **state)
{
	(void)state;
	assert_verdict(login_of("rfc7636", RIGHT, "S256", "&code_verifier=" V "%0A"),
		       "verifier-whitespace", "code_verifier", V, "sent with");
	assert_verdict(login_of("rfc7636", RIGHT, "S256", "&code_verifier=b%27" V "%27"),
		       "verifier-quoted", "code_verifier", V, "sent with");
	assert_verdict(login_of("rfc7636", "b%27" RIGHT "%27", "S256", "&code_verifier=" V),
		       "verifier-quoted", "code_challenge", RIGHT, "to the challenge");
}

static void the_shape_of_the_verifier(void **state)
{
	(void)state;
	assert_verdict(login_of("rfc7636", OTHER_RIGHT, "S256", "&code_verifier=abc"),
		       "verifier-too-short", "code_verifier", NULL, "It has 3 characters");
	assert_verdict(login_of("rfc7636", RIGHT, "S256", "&code_verifier=" OTHER OTHER OTHER),
		       "verifier-too-long", "code_verifier", NULL, "It has 192 characters");
	assert_verdict(login_of("rfc7636", OTHER_RIGHT, "S256", "&code_verifier=" V "%2F" V),
		       "verifier-bad-characters", "code_verifier", NULL, "0x2f at position 44");
}

static void the_method(void **state)
{
	(void)state;
	assert_verdict(login_of("rfc7636", V, "plain", "&code_verifier=" V), "challenge-plain",
		       "code_challenge_method", "S256", NULL);
	assert_verdict(login_of("rfc7636", RIGHT, NULL, "&code_verifier=" V), "method-missing",
		       "code_challenge_method", "S256", NULL);
	assert_verdict(login_of("rfc7636", RIGHT, "sha256", "&code_verifier=" V), "method-misspelt",
		       "code_challenge_method", "S256", NULL);
	assert_verdict(login_of("rfc7636", NULL, "S256", "&code_verifier=" V),
		       "challenge-missing-with-method", "code_challenge", RIGHT, NULL);
}

static void values_in_the_wrong_place(void **state)
{
	(void)state;
	assert_verdict(with_stored(login_of("rfc7636", RIGHT, "S256", "&code_verifier=" RIGHT), V),
		       "verifier-is-challenge", "code_verifier", V, NULL);
	assert_verdict(login_of("rfc7636", OTHER, "S256", "&code_verifier=" OTHER),
		       "challenge-is-verifier", "code_challenge", OTHER_RIGHT, NULL);
	assert_verdict(login_of("rfc7636", RIGHT, "S256", "&code_verifier=" STATE_SENT),
		       "verifier-is-state", "code_verifier", NULL, NULL);
	assert_verdict(login_of("rfc7636", RIGHT, "S256", "&verifier=" V),
		       "verifier-wrong-parameter", "verifier", NULL, NULL);
	assert_verdict(login_of("rfc7636", RIGHT, "S256", "&code_verifier=%7BVERIFIER%7D"),
		       "placeholder-not-substituted", "code_verifier", NULL, NULL);
}

static void verifiers_of_other_times(void **state)
{
	struct login login = login_of("rfc7636", RIGHT, "S256", "&code_verifier=" OTHER);
	const struct pk_report *report;

	login.more = ",{\"kind\": \"authorize\", \"at\": 1764000003, \"url\": "
		     "\"https://id.example/authorize?response_type=code&state=other-state-of-it"
		     "&code_challenge=" OTHER_RIGHT "&code_challenge_method=S256\"}";

	(void)state;
	assert_verdict(
		with_stored(login_of("rfc7636", OTHER_RIGHT, "S256",
				     "&code_verifier=XvkLR4XIl4DbkFz3RLEZUBStp8yIjvF8UtfRv0nkK8"),
			    OTHER),
		"verifier-truncated", "code_verifier", OTHER, "of 64");
	assert_verdict(login_of("rfc7636", RIGHT, "S256", "&code_verifier=" OTHER),
		       "verifier-mismatch", "code_challenge", OTHER_RIGHT, NULL);
	report = explain(&login);
	assert_string_equal(report->finding[0].fault->id, "verifier-of-another-login");
	assert_int_equal(report->finding[0].evidence_count, 3);
	assert_true(report->finding[0].evidence[0].secret);
	assert_false(report->finding[0].evidence[2].secret);
	assert_text(report->finding[0].evidence[2].got, OTHER_RIGHT);
}

/* Several things can be wrong at once, and then each is said. */
static void faults_of_two_kinds(void **state)
{
	const struct pk_report *report =
		explain_login(login_of("rfc7636", RIGHT_HEX, "s256", "&code_verifier=%20" V));

	(void)state;
	assert_non_null(find(report, "challenge-is-hex"));
	assert_non_null(find(report, "method-misspelt"));
	assert_non_null(find(report, "verifier-whitespace"));
	assert_null(find(report, "verifier-mismatch"));
	assert_null(find(report, "verifier-bad-characters"));
}

/* Whatever the provider says of it, a right pair is right. */
static void a_right_pair(void **state)
{
	const struct login logins[] = {
		login_of("rfc7636", RIGHT, "S256", "&code_verifier=" V),
		login_of("tiktok-desktop", RIGHT_HEX, "S256", "&code_verifier=" V),
		login_of("", RIGHT, "S256", "&code_verifier=" V),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		const struct pk_report *report = explain(&logins[i]);

		assert_true(report->pair_is_right);
		for (size_t j = 0; j < report->finding_count; j++) {
			const char *id = report->finding[j].fault->id;

			assert_true(strncmp(id, "challenge-", 10) != 0);
			assert_true(strncmp(id, "verifier-", 9) != 0);
			assert_true(strncmp(id, "method-", 7) != 0);
		}
	}
}

/* Where one half is not visible, nothing is said that needs it. */
static void one_half(void **state)
{
	const struct pk_report *report = explain_login(login_of("rfc7636", RIGHT, "S256", ""));

	(void)state;
	assert_false(report->pair_is_right);
	assert_null(find(report, "verifier-mismatch"));
	assert_null(find(report, "challenge-padded"));
	report = explain_login(login_of("rfc7636", RIGHT_HEX, "S256", ""));
	assert_non_null(find(report, "challenge-is-hex"));
	report = explain_login(login_of("rfc7636", NULL, NULL, "&code_verifier=" V));
	assert_null(find(report, "verifier-mismatch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_writing_of_the_challenge),
		cmocka_unit_test(what_was_hashed),
		cmocka_unit_test(what_stuck_to_the_verifier),
		cmocka_unit_test(the_shape_of_the_verifier),
		cmocka_unit_test(the_method),
		cmocka_unit_test(values_in_the_wrong_place),
		cmocka_unit_test(verifiers_of_other_times),
		cmocka_unit_test(faults_of_two_kinds),
		cmocka_unit_test(a_right_pair),
		cmocka_unit_test(one_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
