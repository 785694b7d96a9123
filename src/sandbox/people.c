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

void person_subject(const struct person *person, struct pk_str provider, struct pk_buf *out)
{
	unsigned char digest[24];
	char memory[256];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	pk_buf_put(&text, PK_STR("subject "));
	pk_buf_put(&text, provider);
	pk_buf_char(&text, ' ');
	pk_buf_put(&text, person->id);
	crypto_generichash(digest, sizeof(digest), (const unsigned char *)text.ptr, text.len, NULL,
			   0);
	pk_base64url_encode(out, digest, sizeof(digest));
}
