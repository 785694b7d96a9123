/*
 * PKCE (RFC 7636): the pair of verifier and challenge, both sides. The verifier is a secret until
 * it is redeemed, so it is encoded and compared in constant time and wiped where it was copied.
 */
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "proofkey_unsafe.h"

#include <sodium.h>

_Static_assert(PK_BASE64URL_LEN(PK_ENTROPY_MIN) == PK_VERIFIER_MIN,
	       "the least entropy makes the shortest verifier");
_Static_assert(PK_BASE64URL_LEN(PK_ENTROPY_MAX) == PK_VERIFIER_MAX,
	       "the most entropy makes the longest verifier");

enum pk_err pk_verifier_make(const uint8_t *entropy, size_t size, struct pk_verifier *ret)
{
	if (size < PK_ENTROPY_MIN || size > PK_ENTROPY_MAX)
		return PK_ERR_ARGUMENT;

	struct pk_buf out = pk_buf(ret->text, sizeof(ret->text));

	pk_base64url_encode(&out, entropy, size);
	ret->len = out.len;
	return PK_OK;
}

/* RFC 7636 4.1: "code-verifier = 43*128unreserved; unreserved = ALPHA / DIGIT / "-" / "." / "_" /
 * "~"" */
static enum pk_err check_verifier(struct pk_str text, struct pk_why *why)
{
	if (text.len < PK_VERIFIER_MIN)
		return pk_refuse(why, PK_ERR_VERIFIER_TOO_SHORT, "code_verifier",
				 "it has %zu characters, %d are the fewest", text.len,
				 PK_VERIFIER_MIN);
	if (text.len > PK_VERIFIER_MAX)
		return pk_refuse(why, PK_ERR_VERIFIER_TOO_LONG, "code_verifier",
				 "it has %zu characters, %d are the most", text.len,
				 PK_VERIFIER_MAX);
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '.' || c == '_' || c == '~'))
			return pk_refuse(why, PK_ERR_VERIFIER_CHARACTERS, "code_verifier",
					 "byte 0x%02x at position %zu", (unsigned char)c, i);
	}
	return PK_OK;
}

enum pk_err pk_verifier_take(struct pk_str text, struct pk_verifier *ret, struct pk_why *why)
{
	TRY(check_verifier(text, why));

	struct pk_buf out = pk_buf(ret->text, sizeof(ret->text));

	pk_buf_put(&out, text);
	ret->len = out.len;
	return PK_OK;
}

struct pk_str pk_verifier_str(const struct pk_verifier *verifier)
{
	return (struct pk_str){verifier->text, verifier->len};
}

void pk_verifier_wipe(struct pk_verifier *verifier)
{
	sodium_memzero(verifier, sizeof(*verifier));
}

/* RFC 7636 4.2: "code_challenge = BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))" */
static void s256(struct pk_str verifier, enum pk_challenge_encoding encoding,
		 struct pk_challenge *ret)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	struct pk_buf out = pk_buf(ret->text, sizeof(ret->text));

	crypto_hash_sha256(digest, (const unsigned char *)verifier.ptr, verifier.len);
	if (encoding == PK_CHALLENGE_HEX)
		pk_hex_encode(&out, digest, sizeof(digest));
	else
		pk_base64url_encode(&out, digest, sizeof(digest));
	ret->len = out.len;
}

void pk_challenge_make(const struct pk_verifier *verifier, enum pk_challenge_encoding encoding,
		       struct pk_challenge *ret)
{
	s256(pk_verifier_str(verifier), encoding, ret);
}

struct pk_str pk_challenge_str(const struct pk_challenge *challenge)
{
	return (struct pk_str){challenge->text, challenge->len};
}

enum pk_err pk_challenge_verify(struct pk_str verifier, struct pk_str challenge,
				enum pk_challenge_encoding encoding, struct pk_why *why)
{
	struct pk_challenge right;

	TRY(check_verifier(verifier, why));
	s256(verifier, encoding, &right);
	if (!pk_str_equal_secret(pk_challenge_str(&right), challenge))
		return pk_refuse(why, PK_ERR_VERIFIER_MISMATCH, "code_verifier",
				 "its SHA-256, as %s, is not the code challenge",
				 encoding == PK_CHALLENGE_HEX ? "lower-case hex" : "base64url");
	return PK_OK;
}

void pk_unsafe_challenge_plain(const struct pk_verifier *verifier, struct pk_challenge *ret)
{
	struct pk_buf out = pk_buf(ret->text, sizeof(ret->text));

	pk_buf_put(&out, pk_verifier_str(verifier));
	ret->len = out.len;
}

enum pk_err pk_unsafe_challenge_plain_verify(struct pk_str verifier, struct pk_str challenge,
					     struct pk_why *why)
{
	TRY(check_verifier(verifier, why));
	if (!pk_str_equal_secret(verifier, challenge))
		return pk_refuse(why, PK_ERR_VERIFIER_MISMATCH, "code_verifier",
				 "it is not the code challenge, which was sent as plain");
	return PK_OK;
}
