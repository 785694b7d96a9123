/* Encodings. Encoders of secrets are libsodium's, which run in constant time; the fast decoder is
 * ours. */
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>

/* Encodes piece by piece, since libsodium wants room for a NUL that `out` may not have. */
static void sodium_encode(struct pk_buf *out, const void *bytes, size_t size, int variant)
{
	enum { PIECE = 384 }; /* a multiple of three: no padding within */
	const unsigned char *in = bytes;
	char text[PIECE / 3 * 4 + 1];

	for (size_t at = 0; at < size; at += PIECE) {
		const size_t piece = size - at < PIECE ? size - at : PIECE;

		sodium_bin2base64(text, sizeof(text), in + at, piece, variant);
		pk_buf_put(out, pk_str(text));
	}
	sodium_memzero(text, sizeof(text));
}

void pk_base64url_encode(struct pk_buf *out, const void *bytes, size_t size)
{
	sodium_encode(out, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void pk_base64_encode(struct pk_buf *out, const void *bytes, size_t size)
{
	sodium_encode(out, bytes, size, sodium_base64_VARIANT_ORIGINAL);
}

void pk_hex_encode(struct pk_buf *out, const void *bytes, size_t size)
{
	enum { PIECE = 32 };
	const unsigned char *in = bytes;
	char text[2 * PIECE + 1];

	for (size_t at = 0; at < size; at += PIECE) {
		const size_t piece = size - at < PIECE ? size - at : PIECE;

		sodium_bin2hex(text, sizeof(text), in + at, piece);
		pk_buf_put(out, (struct pk_str){text, 2 * piece});
	}
	sodium_memzero(text, sizeof(text));
}

bool pk_base64url_secret(struct pk_str text, void *bytes, size_t cap, size_t *ret_size)
{
	uint8_t seen = 0;
	size_t size;

	/* libsodium's decoder takes some bytes above 0x7f for characters of the alphabet. */
	for (size_t i = 0; i < text.len; i++)
		seen |= (uint8_t)text.ptr[i];
	if (seen & 0x80)
		return false;
	if (sodium_base642bin(bytes, cap, text.ptr, text.len, NULL, &size, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	*ret_size = size;
	return true;
}

/* Six bits for each character of the alphabet, 0x80 for all others. */
#define NO 0x80
/* clang-format off */
static const uint8_t sextet[256] = {
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
	NO, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63,
	NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
};
/* clang-format on */

bool pk_base64url_decode(struct pk_str text, void *bytes, size_t cap, size_t *ret_size)
{
	const unsigned char *in = (const unsigned char *)text.ptr;
	const size_t size = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
	uint8_t *out = bytes;
	uint8_t foreign = 0;
	size_t i = 0;

	if (text.len % 4 == 1 || size > cap)
		return false;
	for (; i + 4 <= text.len; i += 4) {
		const uint8_t a = sextet[in[i]], b = sextet[in[i + 1]], c = sextet[in[i + 2]],
			      d = sextet[in[i + 3]];

		foreign |= a | b | c | d;
		*out++ = (uint8_t)(a << 2 | b >> 4);
		*out++ = (uint8_t)(b << 4 | c >> 2);
		*out++ = (uint8_t)(c << 6 | d);
	}
	if (i < text.len) {
		const uint8_t a = sextet[in[i]], b = sextet[in[i + 1]],
			      c = i + 2 < text.len ? sextet[in[i + 2]] : 0;
		const uint8_t unused = i + 2 < text.len ? (uint8_t)(c << 6) : (uint8_t)(b << 4);

		/* One value must have one text: the bits beyond the last byte are zero. */
		foreign |= a | b | c | (unused ? NO : 0);
		*out++ = (uint8_t)(a << 2 | b >> 4);
		if (i + 2 < text.len)
			*out++ = (uint8_t)(b << 4 | c >> 2);
	}
	if (foreign & NO)
		return false;
	*ret_size = size;
	return true;
}

static bool is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void pk_percent_encode(struct pk_buf *out, struct pk_str text)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.ptr[i];

		if (is_unreserved(c)) {
			pk_buf_char(out, (char)c);
		} else {
			const char triple[3] = {'%', digit[c >> 4], digit[c & 15]};

			pk_buf_put(out, (struct pk_str){triple, sizeof(triple)});
		}
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool pk_form_decode(struct pk_buf *out, struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (c != '%') {
			pk_buf_char(out, c == '+' ? ' ' : c);
			continue;
		}
		if (text.len - i < 3)
			return false;

		const int high = hex_digit(text.ptr[i + 1]), low = hex_digit(text.ptr[i + 2]);

		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return false;
		pk_buf_char(out, (char)(high << 4 | low));
		i += 2;
	}
	return true;
}

void pk_form_put(struct pk_buf *out, size_t start, struct pk_str name, struct pk_str value)
{
	if (out->len > start)
		pk_buf_char(out, '&');
	pk_percent_encode(out, name);
	pk_buf_char(out, '=');
	pk_percent_encode(out, value);
}
