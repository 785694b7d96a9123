/* Where the provider's words stand, in a callback and in a reply. A number goes before the text: it
 * is what the provider's own support asks for. */
#include "protocol/provider_words.h"
#include "base/text.h"
#include "protocol/json.h"

void pk_provider_words(struct pk_why *why, struct pk_str error, struct pk_str number,
		       struct pk_str text)
{
	char memory[sizeof(why->provider_text)];
	struct pk_buf words = pk_buf(memory, sizeof(memory));

	if (!why)
		return;
	pk_buf_put(&words, pk_str_first(number, sizeof(memory) / 2));
	if (number.len && text.len)
		pk_buf_char(&words, ' ');
	pk_buf_put(&words, pk_str_first(text, sizeof(memory) - words.len));
	pk_text_tame(why->provider_error, sizeof(why->provider_error), error);
	pk_text_tame(why->provider_text, sizeof(why->provider_text), pk_buf_str(&words));
}

/* An error is a text, or a number that is not 0. */
static bool is_error(const json_t *value)
{
	return json_is_string(value) || (json_is_integer(value) && json_integer_value(value) != 0);
}

/* What the dialect has, or else what RFC 6749 has: a gateway in between, and the provider's other
 * half, speak plainly. */
static const json_t *or_plain(const json_t *value, const json_t *root, const char *name)
{
	return json_is_string(value) || json_is_integer(value) ? value
							       : json_object_get(root, name);
}

bool pk_reply_refuses(const struct pk_dialect *dialect, const json_t *root)
{
	return json_is_false(pk_json_at(root, dialect->ok_at)) ||
	       is_error(pk_json_at(root, dialect->error_at)) ||
	       json_is_string(json_object_get(root, "error"));
}

/* A view of a text, or of a number as it is written into `memory`. */
static struct pk_str words_of(const json_t *value, char *memory, size_t cap)
{
	struct pk_buf number = pk_buf(memory, cap);

	if (!json_is_integer(value))
		return (struct pk_str){json_string_value(value), json_string_length(value)};
	pk_buf_number(&number, json_integer_value(value));
	return pk_buf_str(&number);
}

void pk_provider_words_of_reply(struct pk_why *why, const struct pk_dialect *dialect,
				const json_t *root, const json_t *error)
{
	const json_t *number = pk_json_at(root, dialect->error_number_at);
	const json_t *text = pk_json_at(root, dialect->error_text_at);
	char memory[3][24];

	error = or_plain(error, root, "error");
	text = or_plain(text, root, "error_description");
	pk_provider_words(why, words_of(error, memory[0], sizeof(memory[0])),
			  words_of(number, memory[1], sizeof(memory[1])),
			  words_of(text, memory[2], sizeof(memory[2])));
}
