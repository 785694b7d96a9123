/*
 * What turns this verifier into that challenge. The search is complete over its three tables: what
 * happened to the verifier, how it was hashed, how the digest was written. It decodes the challenge
 * in every writing first and then compares bytes, so that each candidate costs one hash.
 */
#include "proofkey_explain.h"
#include "base/encode.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#define TEXT_MAX 1024 /* bytes of a verifier with all that can be glued to it */
#define DIGEST_MAX 64 /* SHA-512 */
#define CHALLENGE_MAX 512

static const char *const names[PK_TRANSFORM__COUNT] = {
	[PK_TRANSFORM_NONE] = "none",
	[PK_TRANSFORM_BASE64URL] = "base64url",
	[PK_TRANSFORM_HEX] = "hex",
	[PK_TRANSFORM_BASE64URL_OF_HEX] = "base64url-of-hex",
	[PK_TRANSFORM_BASE64] = "base64",
	[PK_TRANSFORM_BASE64URL_PADDED] = "base64url-padded",
	[PK_TRANSFORM_PLAIN] = "plain",
	[PK_TRANSFORM_RAW_BYTES] = "raw-bytes",
	[PK_TRANSFORM_DOUBLE] = "double",
	[PK_TRANSFORM_SHA1] = "sha1",
	[PK_TRANSFORM_SHA512] = "sha512",
	[PK_TRANSFORM_MD5] = "md5",
	[PK_TRANSFORM_UTF16] = "utf16",
	[PK_TRANSFORM_WHITESPACE] = "whitespace",
	[PK_TRANSFORM_PERCENT] = "percent",
	[PK_TRANSFORM_QUOTES] = "quotes",
	[PK_TRANSFORM_TRUNCATED] = "truncated",
};

/* A reading of the challenge: the digest that it would be the writing of. */
struct reading {
	enum pk_transform encoding;
	bool upper_case;
	uint8_t digest[CHALLENGE_MAX];
	size_t size;
};

#define READINGS_MAX 8

static bool is_hex(struct pk_str text, bool *ret_upper)
{
	bool lower = false, upper = false;

	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		lower |= c >= 'a' && c <= 'f';
		upper |= c >= 'A' && c <= 'F';
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
	}
	*ret_upper = upper && !lower;
	return text.len > 0 && text.len % 2 == 0 && !(lower && upper);
}

static void add_hex(struct pk_str text, enum pk_transform encoding, struct reading *readings,
		    size_t *count)
{
	struct reading *reading = &readings[*count];
	bool upper;

	if (!is_hex(text, &upper) || text.len / 2 > sizeof(reading->digest))
		return;
	if (sodium_hex2bin(reading->digest, sizeof(reading->digest), text.ptr, text.len, NULL,
			   &reading->size, NULL) != 0)
		return;
	reading->encoding = encoding;
	reading->upper_case = upper;
	++*count;
}

/* Base64 in either alphabet, with or without padding, and with a + that a form decoder took for a
 * space. */
static void add_base64(struct pk_str text, struct reading *readings, size_t *count)
{
	struct reading *reading = &readings[*count];
	char plain[CHALLENGE_MAX];
	bool standard = false, padded = false;
	size_t len = text.len;

	while (len && text.ptr[len - 1] == '=' && text.len - len < 2)
		len--;
	padded = len != text.len;
	if (!len || len > sizeof(plain))
		return;
	for (size_t i = 0; i < len; i++) {
		const char c = text.ptr[i];

		standard |= c == '+' || c == '/' || c == ' ';
		plain[i] = c == '+' || c == ' ' ? '-' : c == '/' ? '_' : c;
	}
	if (!pk_base64url_decode((struct pk_str){plain, len}, reading->digest,
				 sizeof(reading->digest), &reading->size))
		return;
	reading->encoding = standard ? PK_TRANSFORM_BASE64
			    : padded ? PK_TRANSFORM_BASE64URL_PADDED
				     : PK_TRANSFORM_BASE64URL;
	++*count;
	/* What was written may be hex digits again, and then those are what stand for the digest. */
	if (*count < READINGS_MAX)
		add_hex((struct pk_str){(const char *)reading->digest, reading->size},
			PK_TRANSFORM_BASE64URL_OF_HEX, readings, count);
}

/* How a text was hashed. `twice` hashes the digest again: as bytes, or as hex digits. */
static const struct hash {
	enum pk_transform name;
	enum { SHA256, SHA256_TWICE, SHA256_TWICE_HEX, SHA1, SHA512, MD5 } kind;
} hashes[] = {
	{PK_TRANSFORM_NONE, SHA256},
	{PK_TRANSFORM_DOUBLE, SHA256_TWICE},
	{PK_TRANSFORM_DOUBLE, SHA256_TWICE_HEX},
	{PK_TRANSFORM_SHA1, SHA1},
	{PK_TRANSFORM_SHA512, SHA512},
	{PK_TRANSFORM_MD5, MD5},
};

static const size_t digest_sizes[] = {[SHA256] = 32, [SHA256_TWICE] = 32, [SHA256_TWICE_HEX] = 32,
				      [SHA1] = 20,   [SHA512] = 64,       [MD5] = 16};

static size_t evp_digest(const EVP_MD *md, struct pk_str text, uint8_t *ret)
{
	unsigned size = 0;

	return EVP_Digest(text.ptr, text.len, ret, &size, md, NULL) == 1 ? size : 0;
}

static size_t digest_of(const struct hash *hash, struct pk_str text, uint8_t ret[static DIGEST_MAX])
{
	char hex[2 * crypto_hash_sha256_BYTES + 1];

	switch (hash->kind) {
	case SHA1:
		return evp_digest(EVP_sha1(), text, ret);
	case MD5:
		return evp_digest(EVP_md5(), text, ret);
	case SHA512:
		crypto_hash_sha512(ret, (const unsigned char *)text.ptr, text.len);
		return crypto_hash_sha512_BYTES;
	case SHA256:
	case SHA256_TWICE:
	case SHA256_TWICE_HEX:
		crypto_hash_sha256(ret, (const unsigned char *)text.ptr, text.len);
		break;
	}
	if (hash->kind == SHA256_TWICE) {
		crypto_hash_sha256(ret, ret, crypto_hash_sha256_BYTES);
	} else if (hash->kind == SHA256_TWICE_HEX) {
		sodium_bin2hex(hex, sizeof(hex), ret, crypto_hash_sha256_BYTES);
		crypto_hash_sha256(ret, (const unsigned char *)hex, sizeof(hex) - 1);
	}
	return crypto_hash_sha256_BYTES;
}

/* The search: what is fixed while the verifiers go by. */
struct search {
	struct pk_str challenge;
	struct reading readings[READINGS_MAX];
	size_t reading_count;
	struct pk_relation found;
};

/* Whether the challenge can be the writing of a digest of that size at all. */
static bool is_wanted(const struct search *search, size_t size)
{
	for (size_t i = 0; i < search->reading_count; i++)
		if (search->readings[i].size == size)
			return true;
	return false;
}

static bool try_text(struct search *search, enum pk_transform verifier, struct pk_str text)
{
	uint8_t digest[DIGEST_MAX];

	for (size_t h = 0; h < sizeof(hashes) / sizeof(hashes[0]); h++) {
		if (!is_wanted(search, digest_sizes[hashes[h].kind]))
			continue;

		const size_t size = digest_of(&hashes[h], text, digest);

		for (size_t r = 0; r < search->reading_count; r++) {
			const struct reading *reading = &search->readings[r];

			if (reading->size != size || memcmp(reading->digest, digest, size) != 0)
				continue;
			search->found =
				(struct pk_relation){true, verifier, hashes[h].name,
						     reading->encoding, reading->upper_case};
			return true;
		}
	}
	if (!pk_str_equal(text, search->challenge))
		return false;
	search->found =
		(struct pk_relation){true, verifier, PK_TRANSFORM_PLAIN, PK_TRANSFORM_NONE, false};
	return true;
}

static bool try_glued(struct search *search, enum pk_transform name, struct pk_str before,
		      struct pk_str verifier, struct pk_str after)
{
	char memory[TEXT_MAX];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	pk_buf_put(&text, before);
	pk_buf_put(&text, verifier);
	pk_buf_put(&text, after);
	return !text.overflow && try_text(search, name, pk_buf_str(&text));
}

/* What gets stuck to a text on its way through files, templates and logs: before it, behind it. */
static const struct wrapping {
	enum pk_transform name;
	const char *before, *after;
} wrappings[] = {
	{PK_TRANSFORM_WHITESPACE, "", "\n"},
	{PK_TRANSFORM_WHITESPACE, "", "\r\n"},
	{PK_TRANSFORM_WHITESPACE, "", "\r"},
	{PK_TRANSFORM_WHITESPACE, "", " "},
	{PK_TRANSFORM_WHITESPACE, " ", ""},
	{PK_TRANSFORM_WHITESPACE, "\n", ""},
	{PK_TRANSFORM_WHITESPACE, "\t", ""},
	{PK_TRANSFORM_WHITESPACE, "", "\t"},
	{PK_TRANSFORM_WHITESPACE, " ", " "},
	{PK_TRANSFORM_WHITESPACE, "", "\n\n"},
	{PK_TRANSFORM_WHITESPACE, "\xef\xbb\xbf", ""},
	{PK_TRANSFORM_WHITESPACE, "\xef\xbb\xbf", "\n"},
	{PK_TRANSFORM_WHITESPACE, "\xef\xbb\xbf", "\r\n"},
	{PK_TRANSFORM_QUOTES, "\"", "\""},
	{PK_TRANSFORM_QUOTES, "'", "'"},
	{PK_TRANSFORM_QUOTES, "`", "`"},
	{PK_TRANSFORM_QUOTES, "b'", "'"},
	{PK_TRANSFORM_QUOTES, "b\"", "\""},
	{PK_TRANSFORM_QUOTES, "{", "}"},
	{PK_TRANSFORM_QUOTES, "{'", "'}"},
	{PK_TRANSFORM_QUOTES, "{\"", "\"}"},
	{PK_TRANSFORM_QUOTES, "['", "']"},
	{PK_TRANSFORM_QUOTES, "[\"", "\"]"},
	{PK_TRANSFORM_QUOTES, "<", ">"},
	{PK_TRANSFORM_QUOTES, "\"", "\"\n"},
	{PK_TRANSFORM_QUOTES, "'", "'\n"},
};

/* Each on the side of what was hashed, and on the side of what was sent. */
static bool try_wrappings(struct search *search, struct pk_str verifier)
{
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++) {
		const struct pk_str before = pk_str(wrappings[i].before),
				    after = pk_str(wrappings[i].after);

		if (try_glued(search, wrappings[i].name, before, verifier, after))
			return true;
		if (verifier.len > before.len + after.len && pk_str_starts(verifier, before) &&
		    pk_str_ends(verifier, after)) {
			const struct pk_str inner = {verifier.ptr + before.len,
						     verifier.len - before.len - after.len};

			if (try_text(search, wrappings[i].name, inner))
				return true;
		}
	}
	return try_text(search, PK_TRANSFORM_WHITESPACE, pk_str_trim(verifier));
}

static bool try_percent(struct search *search, struct pk_str verifier)
{
	char memory[TEXT_MAX];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	if (pk_form_decode(&text, verifier) && !text.overflow &&
	    !pk_str_equal(pk_buf_str(&text), verifier) &&
	    try_text(search, PK_TRANSFORM_PERCENT, pk_buf_str(&text)))
		return true;
	text = pk_buf(memory, sizeof(memory));
	/* A + that was read as a space, before the text is encoded again. */
	for (size_t i = 0; i < verifier.len; i++)
		pk_buf_char(&text, verifier.ptr[i] == ' ' ? '+' : verifier.ptr[i]);
	if (!text.overflow && !pk_str_equal(pk_buf_str(&text), verifier) &&
	    try_text(search, PK_TRANSFORM_PERCENT, pk_buf_str(&text)))
		return true;
	text = pk_buf(memory, sizeof(memory));
	pk_percent_encode(&text, verifier);
	return !text.overflow && !pk_str_equal(pk_buf_str(&text), verifier) &&
	       try_text(search, PK_TRANSFORM_PERCENT, pk_buf_str(&text));
}

/* The bytes that the verifier is a writing of: base64 in any way, or hex. */
static bool try_raw_bytes(struct search *search, struct pk_str verifier)
{
	struct reading readings[READINGS_MAX];
	size_t count = 0;

	add_hex(verifier, PK_TRANSFORM_HEX, readings, &count);
	add_base64(verifier, readings, &count);
	for (size_t i = 0; i < count; i++)
		if (try_text(search, PK_TRANSFORM_RAW_BYTES,
			     (struct pk_str){(const char *)readings[i].digest, readings[i].size}))
			return true;
	return false;
}

static bool try_utf16(struct search *search, struct pk_str verifier)
{
	static const struct {
		const char *mark;
		size_t mark_len;
		bool big;
	} orders[] = {{"", 0, false}, {"\xff\xfe", 2, false}, {"", 0, true}, {"\xfe\xff", 2, true}};
	char memory[TEXT_MAX];

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct pk_buf text = pk_buf(memory, sizeof(memory));

		pk_buf_put(&text, (struct pk_str){orders[i].mark, orders[i].mark_len});
		for (size_t j = 0; j < verifier.len; j++) {
			pk_buf_char(&text, orders[i].big ? '\0' : verifier.ptr[j]);
			pk_buf_char(&text, orders[i].big ? verifier.ptr[j] : '\0');
		}
		if (!text.overflow && try_text(search, PK_TRANSFORM_UTF16, pk_buf_str(&text)))
			return true;
	}
	return false;
}

/* What was hashed was cut off at a size that columns and fields have, or what was sent was. */
static bool try_truncated(struct search *search, struct pk_str verifier)
{
	for (size_t len = 16; len < verifier.len; len++)
		if (try_text(search, PK_TRANSFORM_TRUNCATED, pk_str_first(verifier, len)))
			return true;
	return false;
}

struct pk_relation pk_relate(struct pk_str verifier, struct pk_str challenge)
{
	struct search search = {.challenge = challenge};

	if (!verifier.ptr || !challenge.len || verifier.len > TEXT_MAX / 2 ||
	    challenge.len > CHALLENGE_MAX)
		return search.found;
	add_hex(challenge, PK_TRANSFORM_HEX, search.readings, &search.reading_count);
	add_base64(challenge, search.readings, &search.reading_count);
	if (try_text(&search, PK_TRANSFORM_NONE, verifier) || try_raw_bytes(&search, verifier) ||
	    try_wrappings(&search, verifier) || try_percent(&search, verifier) ||
	    try_utf16(&search, verifier))
		return search.found;
	(void)try_truncated(&search, verifier);
	return search.found;
}

/* The oddest part: what happened to the verifier, else how it was hashed, else how it was written. */
const char *pk_relation_name(const struct pk_relation *relation)
{
	const enum pk_transform part = !relation->found     ? PK_TRANSFORM_NONE
				       : relation->verifier ? relation->verifier
				       : relation->hash     ? relation->hash
							    : relation->encoding;

	return names[part];
}
