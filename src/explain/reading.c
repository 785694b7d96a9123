/*
 * What a challenge is the writing of. It is hostile text: every reading is bounded, and a text that
 * cannot be read in some way has no reading in that way, which is no error. Only bytes are read
 * here; whether they are a digest of anything is for the search (relate.c) to say.
 */
#include "explain/reading.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>

static struct reading *next(struct readings *readings)
{
	return readings->count < READINGS_MAX ? &readings->reading[readings->count] : NULL;
}

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

static void add_hex(struct readings *readings, struct pk_str text, enum pk_transform glued,
		    enum pk_transform encoding)
{
	struct reading *reading = next(readings);
	bool upper;

	if (!reading || !is_hex(text, &upper) || text.len / 2 > sizeof(reading->bytes))
		return;
	if (sodium_hex2bin(reading->bytes, sizeof(reading->bytes), text.ptr, text.len, NULL,
			   &reading->size, NULL) != 0)
		return;
	reading->glued = glued;
	reading->encoding = encoding;
	reading->upper_case = upper;
	reading->numbers = false;
	readings->count++;
}

/* What becomes of an array of bytes that is taken for text: "19,211,30". */
static void add_numbers(struct readings *readings, struct pk_str text, enum pk_transform glued,
			enum pk_transform encoding)
{
	struct reading *reading = next(readings);
	size_t size = 0;

	if (!reading || pk_str_find(text, ',') == text.len)
		return;
	while (text.ptr) {
		int64_t byte;

		if (size == sizeof(reading->bytes) ||
		    !pk_str_number(pk_str_trim(pk_str_cut(&text, ',')), 255, &byte))
			return;
		reading->bytes[size++] = (uint8_t)byte;
	}
	reading->size = size;
	reading->glued = glued;
	reading->encoding = encoding;
	reading->upper_case = false;
	reading->numbers = true;
	readings->count++;
}

/* Base64 in either alphabet, with or without padding, and with a + that a form decoder took for a
 * space. */
static void add_base64(struct readings *readings, struct pk_str text, enum pk_transform glued)
{
	struct reading *reading = next(readings);
	char plain[READING_MAX];
	bool standard = false;
	size_t len = text.len;

	while (len && text.ptr[len - 1] == '=' && text.len - len < 2)
		len--;
	if (!reading || !len || len > sizeof(plain))
		return;
	for (size_t i = 0; i < len; i++) {
		const char c = text.ptr[i];

		standard |= c == '+' || c == '/' || c == ' ';
		plain[i] = c == '+' || c == ' ' ? '-' : c == '/' ? '_' : c;
	}
	if (pk_base64url_decode((struct pk_str){plain, len}, reading->bytes, sizeof(reading->bytes),
				&reading->size)) {
		const struct pk_str bytes = {(const char *)reading->bytes, reading->size};

		reading->glued = glued;
		reading->encoding = standard          ? PK_TRANSFORM_BASE64
				    : len != text.len ? PK_TRANSFORM_BASE64URL_PADDED
						      : PK_TRANSFORM_BASE64URL;
		reading->upper_case = reading->numbers = false;
		readings->count++;
		/* What was written may be digits again, and then those are what counts. */
		add_hex(readings, bytes, glued, PK_TRANSFORM_BASE64URL_OF_HEX);
		add_numbers(readings, bytes, glued, reading->encoding);
	}
	sodium_memzero(plain, sizeof(plain));
}

void reading_add(struct readings *readings, struct pk_str text, enum pk_transform glued)
{
	add_hex(readings, text, glued, PK_TRANSFORM_HEX);
	add_base64(readings, text, glued);
	add_numbers(readings, text, glued, PK_TRANSFORM_NONE);
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

#define WHITE " \t\r\n\v\f"
#define SYNTAX "\"'`<>{}[](),;"

/* Marks of several bytes that editors and pages leave, none of them seen on a screen. */
static const char *const marks[] = {"\xef\xbb\xbf", "\xe2\x80\x8b", "\xc2\xa0"};

static bool strip_mark(struct pk_str *text)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct pk_str mark = pk_str(marks[i]);

		if (pk_str_starts(*text, mark)) {
			*text = pk_str_from(*text, mark.len);
			return true;
		}
		if (pk_str_ends(*text, mark)) {
			text->len -= mark.len;
			return true;
		}
	}
	return false;
}

static bool strip_char(struct pk_str *text, enum pk_transform *glued)
{
	const bool in_front = is_one_of(text->ptr[0], WHITE SYNTAX);
	const char c = text->ptr[in_front ? 0 : text->len - 1];

	if (!is_one_of(c, WHITE SYNTAX))
		return false;
	if (is_one_of(c, SYNTAX))
		*glued = PK_TRANSFORM_QUOTES;
	*text = in_front ? pk_str_from(*text, 1) : pk_str_first(*text, text->len - 1);
	return true;
}

/* b'..', r".." and u'..': the letter alone could be part of the value, so its quote goes with it.
 * */
static bool strip_prefix(struct pk_str *text, enum pk_transform *glued)
{
	if (text->len < 2 || !is_one_of(text->ptr[0], "bru") || !is_one_of(text->ptr[1], "'\""))
		return false;
	*text = pk_str_from(*text, 2);
	*glued = PK_TRANSFORM_QUOTES;
	return true;
}

struct pk_str reading_bare(struct pk_str text, enum pk_transform *ret_glued)
{
	const size_t before = text.len;
	enum pk_transform glued = PK_TRANSFORM_WHITESPACE;

	while (text.len &&
	       (strip_mark(&text) || strip_char(&text, &glued) || strip_prefix(&text, &glued)))
		;
	*ret_glued = text.len == before ? PK_TRANSFORM_NONE : glued;
	return text;
}

void reading_of_challenge(struct readings *ret, struct pk_str challenge)
{
	char memory[READING_MAX];
	struct pk_buf decoded = pk_buf(memory, sizeof(memory));
	enum pk_transform glued;
	struct pk_str bare;

	ret->count = 0;
	if (!challenge.len || challenge.len > READING_MAX)
		return;
	reading_add(ret, challenge, PK_TRANSFORM_NONE);
	bare = reading_bare(challenge, &glued);
	if (glued)
		reading_add(ret, bare, glued);
	if (pk_str_find(challenge, '%') == challenge.len || !pk_form_decode(&decoded, challenge) ||
	    decoded.overflow)
		return;
	bare = reading_bare(pk_buf_str(&decoded), &glued);
	reading_add(ret, pk_buf_str(&decoded), PK_TRANSFORM_PERCENT);
	if (glued)
		reading_add(ret, bare, glued);
}
