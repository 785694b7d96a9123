/*
 * What it costs to explain a failed login, and to find out what relates a pair at all, beside merely
 * parsing the same capture as JSON. The pair of the worst row is related by nothing, so that the
 * search runs to its end. The rows take turns; processor time is what counts. Prints a line
 * "NAME NANOSECONDS" for each turn.
 */
#include "proofkey_explain.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TURNS 15
#define TIMES 200 /* in each turn */

/* A login at a provider that wants hex, with a challenge in base64url. */
static const char capture_text[] =
	"{\"events\":[{\"kind\":\"authorize\",\"at\":1764000000.0,\"url\":\"https://"
	"login.example.com/authorize"
	"?response_type=code&client_id=client-1&redirect_uri=https%3A%2F%2Fapp.example.com%"
	"2Fcallback"
	"&state=9d2bUmbQ0uB6c8SGEFXhUw&code_challenge="
	"13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1"
	"894acb70f9c3&code_challenge_method=S256\"},{\"kind\":\"callback\",\"at\":1764000009.0,"
	"\"method\":\"GET\","
	"\"url\":\"https://app.example.com/"
	"callback?code=SplxlOBeZQQYbYS6WxSbIA&state=9d2bUmbQ0uB6c8SGEFXhUw\"},"
	"{\"kind\":\"token\",\"at\":1764000010.0,\"request\":{\"method\":\"POST\",\"url\":\"https:/"
	"/login.example.com/"
	"token\",\"headers\":{\"Content-Type\":\"application/"
	"x-www-form-urlencoded\"},\"body\":\"grant_type="
	"authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.example.com%"
	"2Fcallback"
	"&client_id=client-1&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk\"},"
	"\"response\":"
	"{\"status\":400,\"headers\":{\"Content-Type\":\"application/"
	"json\"},\"body\":\"{\\\"error\\\":"
	"\\\"invalid_grant\\\"}\"}}]}";

static struct pk_dialect dialect;
static unsigned char memory[PK_ARENA_CAPTURE];

static void parse_only(void)
{
	json_decref(json_loads(capture_text, 0, NULL));
}

static void explain(void)
{
	static struct pk_report report;
	const struct pk_dialect *const dialects[] = {&dialect};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_capture capture;

	if (pk_capture_read(&arena, pk_str(capture_text), &capture, NULL) != PK_OK ||
	    pk_explain(&arena, &capture, dialects, 1, &report, NULL) != PK_OK ||
	    !report.finding_count)
		sodium_misuse();
}

/* The longest verifier there may be, and a challenge that is none of it. */
static void relate_nothing(void)
{
	char verifier[PK_VERIFIER_MAX];

	memset(verifier, 'v', sizeof(verifier));
	if (pk_relate((struct pk_str){verifier, sizeof(verifier)},
		      PK_STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))
		    .found)
		sodium_misuse();
}

/* clang-format off */
static const struct {
	const char *name;
	void (*run)(void);
} rows[] = {
	{"parse-only",     parse_only},
	{"explain",        explain},
	{"relate-nothing", relate_nothing},
};
/* clang-format on */

static double cpu_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(void)
{
	if (sodium_init() < 0 ||
	    pk_dialect_parse(PK_STR("rfc7636"), pk_str(pk_dialect_text("rfc7636")), &dialect,
			     NULL) != PK_OK)
		return 1;
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
			const double begin = cpu_nanoseconds();

			for (int i = 0; i < TIMES; i++)
				rows[row].run();
			printf("%s %.1f\n", rows[row].name, (cpu_nanoseconds() - begin) / TIMES);
		}
	}
	return 0;
}
