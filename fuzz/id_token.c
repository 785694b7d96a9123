/*
 * ID tokens. A first line "S" means that the next two lines are a header and claims, which are
 * signed here as the client would: what comes after the signature is tried too. Anything else is a
 * line with a JWK set, and a token. Whoever is let in has a subject that is text, made for this
 * client and this login; a token under another's keys is let in never.
 */
#include "must.h"

#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>

static unsigned char memory[PK_ARENA_LOGIN];
static char token_memory[3 * PK_ID_TOKEN_MAX];

static struct pk_str sign(struct pk_str header, struct pk_str claims)
{
	struct pk_buf token = pk_buf(token_memory, sizeof(token_memory));
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state hmac;

	pk_base64url_encode(&token, header.ptr, header.len);
	pk_buf_char(&token, '.');
	pk_base64url_encode(&token, claims.ptr, claims.len);
	crypto_auth_hmacsha256_init(&hmac, (const unsigned char *)"pw", 2);
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)token.ptr, token.len);
	crypto_auth_hmacsha256_final(&hmac, mac);
	pk_buf_char(&token, '.');
	pk_base64url_encode(&token, mac, sizeof(mac));
	return token.overflow ? (struct pk_str){0} : pk_buf_str(&token);
}

static bool is_printable(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
			return false;
	return true;
}

static void verify(struct pk_str token, enum pk_id_token_alg alg, struct pk_str jwks, bool ours)
{
	const struct pk_dialect dialect = {.title = PK_STR("Any"),
					   .issuer = PK_STR("https://a.example"),
					   .id_token_alg = alg,
					   .userinfo_email_verified = PK_STR("/email_verified")};
	const struct pk_login login = {.dialect = &dialect, .client_id = PK_STR("c")};
	const struct pk_id_token_expected expected = {.nonce = PK_STR("n"),
						      .jwks = jwks,
						      .client_secret = {PK_STR("pw")},
						      .now = 1800000000,
						      .max_age = -1};
	struct pk_tokens tokens = {.access_token = {PK_STR("t")}, .id_token = {token}};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_id_token found = {0};
	struct pk_logout logout = {0};
	struct pk_why why = {0};
	const enum pk_err err =
		pk_id_token_verify(&arena, &login, &expected, &tokens, &found, &why);

	if (err != PK_OK) {
		must(why.err == err && why.detail[0] && !tokens.subject.ptr && !found.issued_at);
	} else {
		const struct pk_str subject = found.identity.subject;

		must(ours && subject.len > 0 && subject.len <= PK_SUBJECT_MAX);
		must(is_printable(subject) && pk_str_equal(subject, tokens.subject));
		must(found.expires_at > expected.now - PK_ID_TOKEN_LEEWAY);
		must(found.issued_at <= expected.now + PK_ID_TOKEN_LEEWAY);
	}
	arena = pk_arena(memory, sizeof(memory));
	must(pk_logout_token_verify(&arena, &login, jwks, token, expected.now, &logout, &why) !=
	     PK_OK);
	must(why.detail[0] && !logout.id.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pk_str text = {(const char *)data, size};
	const struct pk_str first = pk_str_cut(&text, '\n');

	if (pk_str_equal(first, PK_STR("S"))) {
		const struct pk_str header = pk_str_cut(&text, '\n');

		verify(sign(header, text), PK_ID_TOKEN_HS256, (struct pk_str){0}, true);
		return 0;
	}
	/* Nobody can have signed this with a key that is in the set. */
	verify(text, PK_ID_TOKEN_RS256, first, false);
	verify(text, PK_ID_TOKEN_ES256, first, false);
	verify(text, PK_ID_TOKEN_HS256, first, false);
	return 0;
}
