/*
 * What turns this verifier into that challenge. The search is complete over its tables: what
 * happened to the verifier, how it was hashed, how the digest was written. It reads the challenge
 * in every writing first (reading.c) and then compares bytes, so that a candidate costs its hashes
 * and no more. Copies of the verifier are wiped.
 */
#include "proofkey_explain.h"
#include "base/encode.h"
#include "base/text.h"
#include "explain/digest_text.h"
#include "explain/reading.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#define VERIFIER_MAX 512 /* longer ones are related to nothing */
#define TEXT_MAX 1024    /* bytes of a verifier with all that can become of it */
#define DIGEST_MAX 64    /* SHA-512 */

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
	[PK_TRANSFORM_TEXT] = "text",
};

static bool sha256(struct pk_str text, uint8_t *ret)
{
	return crypto_hash_sha256(ret, (const unsigned char *)text.ptr, text.len) == 0;
}

static bool sha512(struct pk_str text, uint8_t *ret)
{
	return crypto_hash_sha512(ret, (const unsigned char *)text.ptr, text.len) == 0;
}

/* libsodium does not have these two, and where policy forbids them OpenSSL does not either. */
static bool sha1(struct pk_str text, uint8_t *ret)
{
	return EVP_Digest(text.ptr, text.len, ret, NULL, EVP_sha1(), NULL) == 1;
}

static bool md5(struct pk_str text, uint8_t *ret)
{
	return EVP_Digest(text.ptr, text.len, ret, NULL, EVP_md5(), NULL) == 1;
}

/* What is there already. */
static bool as_it_is(struct pk_str digest, uint8_t *ret)
{
	memcpy(ret, digest.ptr, digest.len);
	return true;
}

/* How a text was hashed: with which function, over what. The SHA-256 of the text is made once. */
enum over { THE_TEXT, ITS_SHA256, ITS_SHA256_IN_HEX };

/* clang-format off */
static const struct hash {
	enum pk_transform name;
	size_t size;
	bool (*digest)(struct pk_str text, uint8_t *ret);
	enum over over;
} hashes[] = {
	{PK_TRANSFORM_NONE,   32, as_it_is, ITS_SHA256},
	{PK_TRANSFORM_DOUBLE, 32, sha256,   ITS_SHA256},
	{PK_TRANSFORM_DOUBLE, 32, sha256,   ITS_SHA256_IN_HEX},
	{PK_TRANSFORM_SHA1,   20, sha1,     THE_TEXT},
	{PK_TRANSFORM_SHA512, 64, sha512,   THE_TEXT},
	{PK_TRANSFORM_MD5,    16, md5,      THE_TEXT},
};
/* clang-format on */

/* The search: what is fixed while the verifiers go by, and the text that is tried. */
struct search {
	struct pk_str challenge;
	struct readings readings;
	struct pk_relation found;
	char memory[TEXT_MAX];
};

/* Whether the challenge can be the writing of a digest of that size at all. */
static bool is_wanted(const struct search *search, size_t size)
{
	for (size_t i = 0; i < search->readings.count; i++)
		if (search->readings.reading[i].size == size)
			return true;
	return false;
}

/* Whether the challenge is a writing of these bytes, which are what `hash` made of the verifier. */
static bool is_writing_of(struct search *search, enum pk_transform verifier, enum pk_transform hash,
			  const void *bytes, size_t size)
{
	for (size_t i = 0; i < search->readings.count; i++) {
		const struct reading *reading = &search->readings.reading[i];

		if (reading->size != size || memcmp(reading->bytes, bytes, size) != 0)
			continue;
		search->found = (struct pk_relation){
			.found = true,
			.verifier = verifier,
			.challenge = reading->glued,
			.hash = reading->numbers && !hash ? PK_TRANSFORM_TEXT : hash,
			.encoding = reading->encoding,
			.upper_case = reading->upper_case,
		};
		return true;
	}
	return false;
}

/* Nothing was hashed: the text is the challenge, or what the challenge is a writing of. */
static bool is_plain(struct search *search, enum pk_transform verifier, struct pk_str text)
{
	if (!pk_str_equal(text, search->challenge))
		return is_writing_of(search, verifier, PK_TRANSFORM_PLAIN, text.ptr, text.len);
	search->found = (struct pk_relation){
		.found = true, .verifier = verifier, .hash = PK_TRANSFORM_PLAIN};
	return true;
}

static bool try_text(struct search *search, enum pk_transform verifier, struct pk_str text)
{
	uint8_t first[crypto_hash_sha256_BYTES], digest[DIGEST_MAX];
	char hex[2 * sizeof(first) + 1];
	const struct pk_str over[] = {[THE_TEXT] = text,
				      [ITS_SHA256] = {(const char *)first, sizeof(first)},
				      [ITS_SHA256_IN_HEX] = {hex, sizeof(hex) - 1}};

	if (is_wanted(search, sizeof(first)) && sha256(text, first))
		sodium_bin2hex(hex, sizeof(hex), first, sizeof(first));
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		const struct hash *hash = &hashes[i];

		if (is_wanted(search, hash->size) && hash->digest(over[hash->over], digest) &&
		    is_writing_of(search, verifier, hash->name, digest, hash->size))
			return true;
	}
	return text.len && is_plain(search, verifier, text);
}

/* A text that was put together in the search's memory. */
static bool try_written(struct search *search, enum pk_transform verifier,
			const struct pk_buf *text)
{
	return !text->overflow && try_text(search, verifier, pk_buf_str(text));
}

static struct pk_buf start(struct search *search)
{
	return pk_buf(search->memory, sizeof(search->memory));
}

/* What gets stuck to a text before it is hashed, on its way through files, templates and logs. */
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

static bool try_wrapped(struct search *search, struct pk_str verifier)
{
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++) {
		struct pk_buf text = start(search);

		pk_buf_put(&text, pk_str(wrappings[i].before));
		pk_buf_put(&text, verifier);
		pk_buf_put(&text, pk_str(wrappings[i].after));
		if (try_written(search, wrappings[i].name, &text))
			return true;
	}
	return false;
}

/* Or it stuck to what was sent, and the bare text was hashed. */
static bool try_bare(struct search *search, struct pk_str verifier)
{
	enum pk_transform glued;
	const struct pk_str bare = reading_bare(verifier, &glued);

	return glued && try_text(search, glued, bare);
}

static bool try_percent(struct search *search, struct pk_str verifier)
{
	struct pk_buf text = start(search);
	bool encoded = false, spaces = false;

	for (size_t i = 0; i < verifier.len; i++) {
		encoded |= verifier.ptr[i] == '%' || verifier.ptr[i] == '+';
		spaces |= verifier.ptr[i] == ' ';
	}
	if (encoded && pk_form_decode(&text, verifier) &&
	    (try_written(search, PK_TRANSFORM_PERCENT, &text) ||
	     (!text.overflow && try_bare(search, pk_buf_str(&text)))))
		return true;
	text = start(search);
	/* A + that was read as a space. */
	for (size_t i = 0; i < verifier.len; i++)
		pk_buf_char(&text, verifier.ptr[i] == ' ' ? '+' : verifier.ptr[i]);
	if (spaces && try_written(search, PK_TRANSFORM_PERCENT, &text))
		return true;
	text = start(search);
	pk_percent_encode(&text, verifier);
	return text.len != verifier.len && try_written(search, PK_TRANSFORM_PERCENT, &text);
}

/* The bytes that the verifier is a writing of: base64 in any way, or hex. */
static bool try_raw_bytes(struct search *search, struct pk_str verifier)
{
	struct readings raw = {.count = 0};
	bool found = false;

	reading_add(&raw, verifier, PK_TRANSFORM_NONE);
	for (size_t i = 0; i < raw.count && !found; i++)
		found = try_text(
			search, PK_TRANSFORM_RAW_BYTES,
			(struct pk_str){(const char *)raw.reading[i].bytes, raw.reading[i].size});
	sodium_memzero(&raw, sizeof(raw));
	return found;
}

static bool try_utf16(struct search *search, struct pk_str verifier)
{
	static const struct {
		struct pk_str mark;
		bool big;
	} orders[] = {{{"", 0}, false},
		      {{"\xff\xfe", 2}, false},
		      {{"", 0}, true},
		      {{"\xfe\xff", 2}, true}};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct pk_buf text = start(search);

		pk_buf_put(&text, orders[i].mark);
		for (size_t j = 0; j < verifier.len; j++) {
			pk_buf_char(&text, orders[i].big ? '\0' : verifier.ptr[j]);
			pk_buf_char(&text, orders[i].big ? verifier.ptr[j] : '\0');
		}
		if (try_written(search, PK_TRANSFORM_UTF16, &text))
			return true;
	}
	return false;
}

/* The digest itself went through a text encoding before it was written. */
static bool try_digest_as_text(struct search *search, struct pk_str verifier)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	struct pk_buf text = start(search);

	crypto_hash_sha256(digest, (const unsigned char *)verifier.ptr, verifier.len);
	for (size_t way = 0; digest_as_text(way, digest, sizeof(digest), &text); way++) {
		if (!text.overflow &&
		    is_writing_of(search, PK_TRANSFORM_NONE, PK_TRANSFORM_TEXT, text.ptr, text.len))
			return true;
		text = start(search);
	}
	return false;
}

#define LEFT_MIN 16 /* shorter beginnings of a verifier are not looked at */

/* What was hashed lost its end. The hash goes on from one length to the next. */
static bool try_beginnings(struct search *search, struct pk_str verifier)
{
	crypto_hash_sha256_state going, ending;
	uint8_t digest[crypto_hash_sha256_BYTES];
	bool found = false;

	crypto_hash_sha256_init(&going);
	for (size_t len = 1; len < verifier.len && !found; len++) {
		crypto_hash_sha256_update(&going, (const unsigned char *)verifier.ptr + len - 1, 1);
		if (len < LEFT_MIN)
			continue;
		ending = going;
		crypto_hash_sha256_final(&ending, digest);
		found = is_writing_of(search, PK_TRANSFORM_TRUNCATED, PK_TRANSFORM_NONE, digest,
				      sizeof(digest));
	}
	sodium_memzero(&going, sizeof(going));
	sodium_memzero(&ending, sizeof(ending));
	return found;
}

/* Or what was sent lost its last character, of which there are few. */
static bool try_one_more(struct search *search, struct pk_str verifier)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";
	crypto_hash_sha256_state sent, whole;
	uint8_t digest[crypto_hash_sha256_BYTES];
	bool found = false;

	crypto_hash_sha256_init(&sent);
	crypto_hash_sha256_update(&sent, (const unsigned char *)verifier.ptr, verifier.len);
	for (size_t i = 0; i < sizeof(unreserved) - 1 && !found; i++) {
		whole = sent;
		crypto_hash_sha256_update(&whole, (const unsigned char *)&unreserved[i], 1);
		crypto_hash_sha256_final(&whole, digest);
		found = is_writing_of(search, PK_TRANSFORM_TRUNCATED, PK_TRANSFORM_NONE, digest,
				      sizeof(digest));
	}
	sodium_memzero(&sent, sizeof(sent));
	sodium_memzero(&whole, sizeof(whole));
	return found;
}

struct pk_relation pk_relate(struct pk_str verifier, struct pk_str challenge)
{
	struct search search = {.challenge = challenge};

	if (!verifier.ptr || !challenge.len || verifier.len > VERIFIER_MAX ||
	    challenge.len > READING_MAX)
		return search.found;
	reading_of_challenge(&search.readings, challenge);
	(void)(try_text(&search, PK_TRANSFORM_NONE, verifier) || try_raw_bytes(&search, verifier) ||
	       try_bare(&search, verifier) || try_wrapped(&search, verifier) ||
	       try_percent(&search, verifier) || try_utf16(&search, verifier) ||
	       try_digest_as_text(&search, verifier) ||
	       (is_wanted(&search, crypto_hash_sha256_BYTES) &&
		(try_one_more(&search, verifier) || try_beginnings(&search, verifier))));
	sodium_memzero(search.memory, sizeof(search.memory));
	return search.found;
}

/* The oddest part: what happened to the verifier, to the challenge, else how it was hashed, else
 * how it was written. */
const char *pk_relation_name(const struct pk_relation *relation)
{
	const enum pk_transform parts[] = {relation->verifier, relation->challenge, relation->hash,
					   relation->encoding};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && relation->found; i++)
		if (parts[i])
			return names[parts[i]];
	return names[PK_TRANSFORM_NONE];
}
