/*
 * The rules of the client: what each shows, and how sure it is. That they keep apart from each
 * other, and silent where nothing is wrong, is shown by tests/captures.
 */
#include "exchange.h"

#define AUTHORIZE                                                                                  \
	"https://auth.shop.example/oauth2/authorize?response_type=code&client_id=shop-web" PAIR
#define TOKEN "https://auth.shop.example/oauth2/token"
#define INVALID_CLIENT "{\"error\": \"invalid_client\"}"

/* A client that is refused, at a provider that nobody has described. */
static struct exchange refused(const char *body)
{
	return (struct exchange){.authorize = AUTHORIZE,
				 .url = TOKEN,
				 .header = {FORM},
				 .body = body,
				 .status = 401,
				 .answer = INVALID_CLIENT};
}

static struct exchange with_authorization(const char *value)
{
	struct exchange exchange = refused(GRANT);

	exchange.header[1][0] = "Authorization";
	exchange.header[1][1] = value;
	return exchange;
}

static void names_of_the_id_are_the_dialects(void **state)
{
	struct exchange exchange = refused(GRANT "&client_id=awk3v1m0&client_secret=s3cret");

	(void)state;
	exchange.provider = "tiktok";
	exchange.authorize = NULL;
	exchange.url = "https://open.tiktokapis.com/v2/oauth/token/";
	assert_found(&exchange, "client-id-parameter", PK_PROVED, "client_id", "awk3v1m0", NULL);
	assert_text(exchange_find(&exchange, "client-id-parameter")->detail,
		    "It is sent as client_id; this provider reads client_key.");
}

static void no_id_at_all(void **state)
{
	struct exchange exchange = refused(GRANT "&client_secret=s3cret");

	(void)state;
	assert_found(&exchange, "client-id-missing", PK_PROVED, "client_id", NULL, NULL);
	exchange.answer = "{\"error\": \"invalid_grant\"}";
	assert_found(&exchange, "client-id-missing", PK_LIKELY, "client_id", NULL, NULL);
}

static void two_clients(void **state)
{
	struct exchange exchange = refused(GRANT "&client_id=shop-app");

	(void)state;
	assert_found(&exchange, "client-differs", PK_PROVED, "client_id", "shop-app", "shop-web");
	exchange = with_authorization("Basic c2hvcC1hcHA6czNjcmV0"); /* shop-app:s3cret */
	assert_found(&exchange, "client-differs", PK_PROVED, "Authorization", "shop-app",
		     "shop-web");
}

/* The header, and the sentence on what is wrong with it; NULL where nothing is. */
static const struct header_row {
	const char *header;
	const char *flaw;
} header_rows[] = {
	{"Basic c2hvcC13ZWI6czNjcmV0", NULL},
	{"BASIC c2hvcC13ZWI6czNjcmV0", NULL},
	{"DPoP c2hvcC13ZWI6czNjcmV0", NULL},
	{"Basic", "There is nothing after the scheme."},
	{"Basic undefined", "There is nothing after the scheme."},
	{"Basic=c2hvcC13ZWI6czNjcmV0", "There is no space after Basic."},
	{"Basic b'c2hvcC13ZWI6czNjcmV0'",
	 "The b'..' of a language that shows bytes so is left in it."},
	{"Basic c2hvcC13ZWI6\r\n czNjcmV0",
	 "There is white space within it: the base64 was broken into lines."},
	{"Basic shop-web:s3cret", "The id and the secret stand in it as they are, not in base64."},
	{"Basic c2hvcC13ZWI6P_8-",
	 "It is written in the alphabet for URLs; Basic has + and / instead."},
	{"Basic !!!!", "It is no base64."},
	{"Basic c2hvcC13ZWI=", "Decoded, there is no colon in it."},
	{"Basic c2hvcC13ZWI6czNjcmV0Cg==",
	 "Decoded, there is a line break or another control character in it, as echo adds one."},
	{"c2hvcC13ZWI6czNjcmV0", "The word Basic and a space are missing before it."},
	{"Bearer c2hvcC13ZWI6czNjcmV0",
	 "Its scheme is Bearer, and the client's credentials stand in it."},
};

static void headers_that_are_no_basic(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(header_rows) / sizeof(header_rows[0]); i++) {
		const struct exchange exchange = with_authorization(header_rows[i].header);
		const struct pk_finding *finding = exchange_find(&exchange, "basic-malformed");

		if (!header_rows[i].flaw) {
			assert_null(finding);
			continue;
		}
		if (!finding)
			print_error("nothing is said of %s\n", header_rows[i].header);
		assert_non_null(finding);
		assert_int_equal(finding->confidence, PK_PROVED);
		assert_text(finding->detail, header_rows[i].flaw);
		assert_true(finding->evidence[0].secret);
	}
}

static void halves_that_were_not_encoded(void **state)
{
	/* shop-web:a%b/c, which decodes to nothing; shop-web:a/b, which decodes to itself */
	struct exchange broken = with_authorization("Basic c2hvcC13ZWI6YSViL2M=");
	struct exchange harmless = with_authorization("Basic c2hvcC13ZWI6YS9i");
	/* shop-web:a%25b%2Fc */
	struct exchange encoded = with_authorization("Basic c2hvcC13ZWI6YSUyNWIlMkZj");

	(void)state;
	assert_found(&broken, "basic-not-form-encoded", PK_PROVED, "Authorization", "a%b/c", NULL);
	assert_not_found(&broken, "secret-rejected");
	assert_found(&harmless, "basic-not-form-encoded", PK_LIKELY, "Authorization", "a/b", NULL);
	assert_not_found(&encoded, "basic-not-form-encoded");
	assert_found(&encoded, "secret-rejected", PK_LIKELY, "Authorization",
		     "Basic c2hvcC13ZWI6YSUyNWIlMkZj", NULL);
}

static void ways_to_prove_oneself(void **state)
{
	struct exchange twice = with_authorization("Basic c2hvcC13ZWI6czNjcmV0");
	struct exchange other = refused(GRANT "&client_id=shop-web&client_secret=s3cret");
	struct exchange none = refused(GRANT "&client_id=shop-web");

	(void)state;
	twice.body = GRANT "&client_secret=s3cret";
	assert_found(&twice, "client-auth-twice", PK_PROVED, "client_secret", "s3cret", NULL);
	other.provider = "genesys";
	other.authorize = NULL;
	other.url = "https://login.mypurecloud.com/oauth/token";
	assert_found(&other, "client-auth-method", PK_PROVED, "client_secret", "s3cret", NULL);
	assert_not_found(&other, "secret-rejected");
	assert_found(&none, "secret-missing", PK_LIKELY, "client_secret", NULL,
		     "the client's secret");
	assert_not_found(&none, "secret-rejected");
}

static void secrets_are_never_shown_whole(void **state)
{
	const struct exchange exchange = refused(GRANT "&client_id=shop-web&client_secret=s3cret");
	const struct pk_finding *finding = exchange_find(&exchange, "secret-rejected");

	(void)state;
	assert_non_null(finding);
	assert_true(finding->evidence[0].secret);
}

/* The claims of an assertion that stands as the client's secret, from 1764000010 on. */
static void assertions(void **state)
{
	/* {"alg":"ES256"} {"iss":"team","sub":"shop-web","aud":"https://auth.shop.example",
	 * "iat":1763999000,"exp":1764000000} */
	static const char expired[] =
		GRANT "&client_id=shop-web&client_secret=eyJhbGciOiJFUzI1NiJ9."
		      "eyJpc3MiOiJ0ZWFtIiwic3ViIjoic2hvcC13ZWIiLCJhdWQiOiJodHRwczovL2F1dGguc2hv"
		      "cC5leGFtcGxlIiwiaWF0IjoxNzYzOTk5MDAwLCJleHAiOjE3NjQwMDAwMDB9.c2ln";
	struct exchange exchange = refused(expired);

	(void)state;
	assert_found(&exchange, "assertion-invalid", PK_PROVED, "exp", "1764000000",
		     "after 1764000010, when it was sent");
	exchange.body = GRANT "&client_id=shop-web&client_assertion=no-token&client_assertion_type="
			      "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
	assert_found(&exchange, "assertion-invalid", PK_PROVED, "client_assertion", "no-token",
		     NULL);
}

static void platforms_by_origin(void **state)
{
	struct exchange exchange = refused(GRANT "&client_id=shop-web");

	(void)state;
	exchange.answer = "{\"error\": \"invalid_request\", \"error_description\": "
			  "\"AADSTS9002327: Tokens issued for the 'Single-Page Application' "
			  "client-type may only be redeemed via cross-origin requests.\"}";
	assert_int_equal(exchange_find(&exchange, "origin-header")->confidence, PK_LIKELY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_the_id_are_the_dialects),
		cmocka_unit_test(no_id_at_all),
		cmocka_unit_test(two_clients),
		cmocka_unit_test(headers_that_are_no_basic),
		cmocka_unit_test(halves_that_were_not_encoded),
		cmocka_unit_test(ways_to_prove_oneself),
		cmocka_unit_test(secrets_are_never_shown_whole),
		cmocka_unit_test(assertions),
		cmocka_unit_test(platforms_by_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
