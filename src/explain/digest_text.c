/*
 * What a digest turns into when a program takes it for text before it is encoded. All ways lose or
 * change bytes, but each does so in one fixed manner, so that the result can be compared exactly.
 */
#include "explain/digest_text.h"
#include "base/text.h"

#define REPLACEMENT PK_STR("\xef\xbf\xbd") /* U+FFFD */

/* "ascii" where it means the lower seven bits. */
static void masked(const uint8_t *digest, size_t size, struct pk_buf *out)
{
	for (size_t i = 0; i < size; i++)
		pk_buf_char(out, (char)(digest[i] & 0x7f));
}

/* ASCII, and each other byte a mark. */
static void marked(const uint8_t *digest, size_t size, struct pk_buf *out)
{
	for (size_t i = 0; i < size; i++)
		pk_buf_char(out, digest[i] < 0x80 ? (char)digest[i] : '?');
}

/* ASCII, and each other byte left out. */
static void dropped(const uint8_t *digest, size_t size, struct pk_buf *out)
{
	for (size_t i = 0; i < size; i++)
		if (digest[i] < 0x80)
			pk_buf_char(out, (char)digest[i]);
}

/* ASCII, and each other byte the replacement character. */
static void replaced_ascii(const uint8_t *digest, size_t size, struct pk_buf *out)
{
	for (size_t i = 0; i < size; i++) {
		if (digest[i] < 0x80)
			pk_buf_char(out, (char)digest[i]);
		else
			pk_buf_put(out, REPLACEMENT);
	}
}

/* A character for each byte (ISO 8859-1), written as UTF-8. */
static void latin1(const uint8_t *digest, size_t size, struct pk_buf *out)
{
	for (size_t i = 0; i < size; i++) {
		if (digest[i] < 0x80) {
			pk_buf_char(out, (char)digest[i]);
		} else {
			pk_buf_char(out, (char)(0xc0 | digest[i] >> 6));
			pk_buf_char(out, (char)(0x80 | (digest[i] & 0x3f)));
		}
	}
}

/* How many bytes follow this one in UTF-8 (Unicode 15, table 3-7) and where the first of them must
 * lie; -1 for a byte that begins nothing. */
static int lead(uint8_t byte, uint8_t *low, uint8_t *high)
{
	*low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
	*high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
	if (byte < 0x80)
		return 0;
	if (byte < 0xc2 || byte > 0xf4)
		return -1;
	return byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
}

/* The length of the longest beginning of a character at `bytes`; whether it is a whole one. */
static size_t character(const uint8_t *bytes, size_t size, bool *ret_whole)
{
	uint8_t low, high;
	const int follow = lead(bytes[0], &low, &high);
	size_t len = 1;

	while (follow > 0 && len < size && len <= (size_t)follow && bytes[len] >= low &&
	       bytes[len] <= high) {
		low = 0x80;
		high = 0xbf;
		len++;
	}
	*ret_whole = follow >= 0 && len == (size_t)follow + 1;
	return len;
}

static void decoded(const uint8_t *digest, size_t size, struct pk_str instead, struct pk_buf *out)
{
	for (size_t at = 0; at < size;) {
		bool whole;
		const size_t len = character(digest + at, size - at, &whole);

		pk_buf_put(out, whole ? (struct pk_str){(const char *)digest + at, len} : instead);
		at += len;
	}
}

/* UTF-8, and one replacement character for each broken one. */
static void replaced_utf8(const uint8_t *digest, size_t size, struct pk_buf *out)
{
	decoded(digest, size, REPLACEMENT, out);
}

/* UTF-8, and what is broken left out. */
static void ignored_utf8(const uint8_t *digest, size_t size, struct pk_buf *out)
{
	decoded(digest, size, PK_STR(""), out);
}

typedef void way_fn(const uint8_t *digest, size_t size, struct pk_buf *out);

static way_fn *const ways[] = {
	replaced_utf8, masked, latin1, marked, replaced_ascii, ignored_utf8, dropped,
};

bool digest_as_text(size_t way, const uint8_t *digest, size_t size, struct pk_buf *out)
{
	if (way >= sizeof(ways) / sizeof(ways[0]))
		return false;
	ways[way](digest, size, out);
	return true;
}
