/* Tokens of the sandbox: what signs them, what they are called, who is believed. Vectors of RFC 7638
 * 3.1 and RFC 9449 6.1. */
#include "sandbox/signing.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/clients.h"
#include "sandbox/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static const enum pk_id_token_alg algs[] = {PK_ID_TOKEN_NONE, PK_ID_TOKEN_RS256, PK_ID_TOKEN_ES256,
					    PK_ID_TOKEN_HS256};

#define PROVIDERS (sizeof(algs) / sizeof(algs[0]))

struct world {
	struct provider item[PROVIDERS];
	struct providers providers;
	struct signing *signing;
	unsigned char memory[65536];
	struct pk_arena arena;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	for (size_t i = 0; i < PROVIDERS; i++)
		world->item[i].file.dialect.id_token_alg = algs[i];
	world->providers = (struct providers){world->item, PROVIDERS};
	world->signing = signing_new(&world->providers);
	world->arena = pk_arena(world->memory, sizeof(world->memory));
	*state = world;
	return world->signing ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	signing_free(world->signing);
	free(world);
	return 0;
}

static const struct client *confidential(void)
{
	return client_find(PK_STR("sandbox-client"));
}

static bool sign(struct world *world, size_t provider, const struct client *client, char *text,
		 size_t cap)
{
	json_t *claims = json_pack("{s:s}", "sub", "ada");
	struct pk_buf out = pk_buf(text, cap - 1);
	const bool ok =
		signing_sign(world->signing, &world->item[provider], client, "JWT", claims, &out);

	json_decref(claims);
	text[out.len] = '\0';
	return ok;
}

static bool is_signed_by(struct world *world, size_t provider, const char *text)
{
	struct jwt jwt;
	bool ok;

	if (!jwt_read(&world->arena, pk_str(text), &jwt))
		return false;
	ok = signing_verify(world->signing, &world->item[provider], confidential(), &jwt);
	jwt_free(&jwt);
	return ok;
}

static void each_algorithm_signs_for_itself(void **state)
{
	struct world *world = *state;
	char text[2048];

	for (size_t i = 1; i < PROVIDERS; i++) {
		assert_true(sign(world, i, confidential(), text, sizeof(text)));
		for (size_t j = 0; j < PROVIDERS; j++)
			assert_int_equal(is_signed_by(world, j, text), i == j);
	}
	assert_false(sign(world, 0, confidential(), text, sizeof(text)));
}

static void every_altered_character_is_noticed(void **state)
{
	struct world *world = *state;
	char text[2048];

	for (size_t i = 1; i < PROVIDERS; i++) {
		assert_true(sign(world, i, confidential(), text, sizeof(text)));
		/* The last one may have bits that are not used. */
		for (size_t at = 0; at + 1 < strlen(text); at++) {
			const char was = text[at];

			text[at] = was == 'A' ? 'B' : 'A';
			world->arena.used = 0;
			assert_false(is_signed_by(world, i, text));
			text[at] = was;
		}
		world->arena.used = 0;
		assert_true(is_signed_by(world, i, text));
	}
}

static void who_has_no_secret_gets_nothing_signed_with_it(void **state)
{
	struct world *world = *state;
	char text[2048];

	assert_false(sign(world, 3, client_find(PK_STR("sandbox-public")), text, sizeof(text)));
	assert_false(sign(world, 3, NULL, text, sizeof(text)));
}

static const char *name_of(const json_t *keys)
{
	return json_string_value(json_object_get(json_array_get(keys, 0), "kid"));
}

static void a_rotation_publishes_another_key_under_another_name(void **state)
{
	struct world *world = *state;

	for (size_t i = 1; i <= 2; i++) {
		json_t *before = signing_keys(world->signing, &world->item[i]);
		char old[2048];
		char new[2048];
		json_t *after;

		assert_true(sign(world, i, confidential(), old, sizeof(old)));
		signing_rotate(world->signing, &world->item[i]);
		after = signing_keys(world->signing, &world->item[i]);
		assert_true(sign(world, i, confidential(), new, sizeof(new)));
		assert_int_equal(json_array_size(before), 1);
		assert_int_equal(json_array_size(after), 1);
		assert_string_not_equal(name_of(before), name_of(after));
		assert_false(json_equal(before, after));
		assert_true(is_signed_by(world, i, old)); /* as a hint, it is still ours */
		assert_true(is_signed_by(world, i, new));
		signing_rotate(world->signing, &world->item[i]);

		json_t *again = signing_keys(world->signing, &world->item[i]);

		assert_string_not_equal(name_of(before), name_of(again));
		json_decref(before);
		json_decref(after);
		json_decref(again);
	}
}

static void a_rotation_is_one_providers(void **state)
{
	struct world *world = *state;
	json_t *before = signing_keys(world->signing, &world->item[2]);
	json_t *after;

	signing_rotate(world->signing, &world->item[1]);
	after = signing_keys(world->signing, &world->item[2]);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
}

static void published_keys_have_no_private_half(void **state)
{
	static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "k"};
	struct world *world = *state;

	for (size_t i = 0; i < PROVIDERS; i++) {
		json_t *keys = signing_keys(world->signing, &world->item[i]);

		assert_int_equal(json_array_size(keys), i == 1 || i == 2);
		for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++)
			assert_null(json_object_get(json_array_get(keys, 0), members[m]));
		json_decref(keys);
	}
}

static void has_thumbprint(const char *key, const char *wanted)
{
	json_t *jwk = json_loads(key, 0, NULL);
	unsigned char digest[JWT_THUMBPRINT];
	char memory[PK_BASE64URL_LEN(sizeof(digest))];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	assert_non_null(jwk);
	assert_int_equal(jwt_thumbprint(jwk, digest), wanted != NULL);
	if (wanted) {
		pk_base64url_encode(&out, digest, sizeof(digest));
		assert_true(pk_str_equal(pk_buf_str(&out), pk_str(wanted)));
	}
	json_decref(jwk);
}

static void thumbprints_are_those_of_the_standards(void **state)
{
	(void)state;
	has_thumbprint("{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
		       "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}",
		       "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
	has_thumbprint(
		"{\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\",\"e\":\"AQAB\",\"n\":"
		"\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1"
		"L6tS"
		"oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"
		"65YG"
		"jQR0_"
		"FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
		"bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
		"kEgU8awapJzKnqDKgw"
		"\"}",
		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	has_thumbprint("{\"kty\":\"EC\",\"x\":\"AA\",\"crv\":\"P-256\"}", NULL);
	has_thumbprint("{\"kty\":\"oct\",\"k\":\"AA\"}", NULL);
	has_thumbprint("{\"kty\":\"RSA\",\"e\":\"A\\\"B\",\"n\":\"AA\"}", NULL);
	has_thumbprint("{}", NULL);
}

static void what_is_no_token_is_not_read(void **state)
{
	static const char *const texts[] = {
		"",          ".",           "..",         "e30",
		"e30.e30",   "e30.e30.x.y", "e30..x",     ".e30.x",
		"W10.e30.x", "e30.W10.x",   "e30=.e30.x", "e30.eyJhIjoxLCJhIjoyfQ.x",
		"!!!.e30.x",
	};
	struct world *world = *state;
	struct jwt jwt;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(jwt_read(&world->arena, pk_str(texts[i]), &jwt));
	assert_true(jwt_read(&world->arena, PK_STR("e30.e30.x"), &jwt));
	jwt_free(&jwt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_algorithm_signs_for_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_altered_character_is_noticed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_has_no_secret_gets_nothing_signed_with_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rotation_publishes_another_key_under_another_name,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rotation_is_one_providers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(published_keys_have_no_private_half, set_up,
						tear_down),
		cmocka_unit_test(thumbprints_are_those_of_the_standards),
		cmocka_unit_test_setup_teardown(what_is_no_token_is_not_read, set_up, tear_down),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("signing", tests, NULL, NULL);
}
