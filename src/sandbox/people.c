/* Who can log in, and what they are called at each provider. Nothing here is secret: the people are
 * test data and their subjects can be computed by anybody. */
#include "sandbox/people.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>

/* clang-format off */
#define TEXT(literal) {(literal), sizeof(literal) - 1}

const struct person people[] = {
	{TEXT("ada"),   TEXT("Ada Lovelace"),  TEXT("ada@example.com"),   TEXT("https://example.com/ada.png")},
	{TEXT("grace"), TEXT("Grace Hopper"),  TEXT("grace@example.com"), TEXT("https://example.com/grace.png")},
	{TEXT("linus"), TEXT("Linus Pauling"), TEXT("linus@example.com"), TEXT("https://example.com/linus.png")},
};
/* clang-format on */

const size_t people_count = sizeof(people) / sizeof(people[0]);

const struct person *person_find(struct pk_str hint)
{
	for (size_t i = 0; i < people_count; i++)
		if (pk_str_equal(hint, people[i].id) || pk_str_equal(hint, people[i].email))
			return &people[i];
	return NULL;
}

/* 49 bits: a number that every reader of JSON reads exactly (RFC 8259 6), and never a short one. */
static int64_t number_of(const unsigned char *digest)
{
	int64_t number = 1;

	for (size_t i = 0; i < 6; i++)
		number = number * 256 + digest[i];
	return number;
}

void person_subject(const struct person *person, const struct pk_dialect *provider,
		    struct pk_buf *out)
{
	unsigned char digest[24];
	char memory[256];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	pk_buf_put(&text, PK_STR("subject "));
	pk_buf_put(&text, provider->name);
	pk_buf_char(&text, ' ');
	pk_buf_put(&text, person->id);
	crypto_generichash(digest, sizeof(digest), (const unsigned char *)text.ptr, text.len, NULL,
			   0);
	if (provider->subject_type == PK_SUBJECT_NUMBER)
		pk_buf_number(out, number_of(digest));
	else
		pk_base64url_encode(out, digest, sizeof(digest));
}
