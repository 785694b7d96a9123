/* Views, writers and short lists: the only way in which text is read and written in this program.
 */
#include "base/text.h"

#include <sodium.h>
#include <string.h>

struct pk_str pk_str(const char *text)
{
	return (struct pk_str){text, text ? strlen(text) : 0};
}

bool pk_str_equal(struct pk_str a, struct pk_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool pk_str_equal_secret(struct pk_str a, struct pk_str b)
{
	return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool pk_str_starts(struct pk_str text, struct pk_str start)
{
	return text.len >= start.len && pk_str_equal(pk_str_first(text, start.len), start);
}

bool pk_str_ends(struct pk_str text, struct pk_str end)
{
	return text.len >= end.len && pk_str_equal(pk_str_from(text, text.len - end.len), end);
}

size_t pk_str_find(struct pk_str text, char c)
{
	const char *at = text.len ? memchr(text.ptr, c, text.len) : NULL;

	return at ? (size_t)(at - text.ptr) : text.len;
}

struct pk_str pk_str_from(struct pk_str text, size_t start)
{
	if (start >= text.len)
		return (struct pk_str){text.ptr ? text.ptr + text.len : NULL, 0};
	return (struct pk_str){text.ptr + start, text.len - start};
}

struct pk_str pk_str_first(struct pk_str text, size_t len)
{
	return (struct pk_str){text.ptr, len < text.len ? len : text.len};
}

struct pk_str pk_str_cut(struct pk_str *text, char c)
{
	const size_t at = pk_str_find(*text, c);
	const struct pk_str before = pk_str_first(*text, at);

	*text = at == text->len ? (struct pk_str){0} : pk_str_from(*text, at + 1);
	return before;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct pk_str pk_str_trim(struct pk_str text)
{
	while (text.len && is_space(text.ptr[0]))
		text = pk_str_from(text, 1);
	while (text.len && is_space(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

bool pk_str_number(struct pk_str text, int64_t max, int64_t *ret)
{
	int64_t number = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const int digit = text.ptr[i] - '0';

		if (digit < 0 || digit > 9 || digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret = number;
	return true;
}

bool pk_list_has(const struct pk_list *list, struct pk_str item)
{
	for (size_t i = 0; i < list->count; i++)
		if (pk_str_equal(list->item[i], item))
			return true;
	return false;
}

enum pk_err pk_list_add(struct pk_list *list, struct pk_str item)
{
	if (list->count == PK_LIST_MAX)
		return PK_ERR_NO_SPACE;
	list->item[list->count++] = item;
	return PK_OK;
}

enum pk_err pk_list_split(struct pk_str text, char separator, struct pk_list *ret)
{
	*ret = (struct pk_list){0};
	while (text.ptr) {
		const struct pk_str item = pk_str_cut(&text, separator);

		if (item.len && pk_list_add(ret, item) != PK_OK)
			return PK_ERR_NO_SPACE;
	}
	return PK_OK;
}

struct pk_buf pk_buf(void *memory, size_t cap)
{
	return (struct pk_buf){.ptr = memory, .cap = cap};
}

void pk_buf_put(struct pk_buf *buf, struct pk_str text)
{
	if (buf->overflow || buf->cap - buf->len < text.len) {
		buf->overflow = true;
		return;
	}
	if (text.len)
		memcpy(buf->ptr + buf->len, text.ptr, text.len);
	buf->len += text.len;
}

struct pk_str pk_buf_str(const struct pk_buf *buf)
{
	return (struct pk_str){buf->ptr, buf->len};
}

void pk_buf_char(struct pk_buf *buf, char c)
{
	pk_buf_put(buf, (struct pk_str){&c, 1});
}

void pk_buf_number(struct pk_buf *buf, int64_t number)
{
	char digits[20];
	size_t start = sizeof(digits);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		digits[--start] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (number < 0)
		pk_buf_char(buf, '-');
	pk_buf_put(buf, (struct pk_str){digits + start, sizeof(digits) - start});
}

void pk_buf_join(struct pk_buf *buf, const struct pk_list *list, struct pk_str separator)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			pk_buf_put(buf, separator);
		pk_buf_put(buf, list->item[i]);
	}
}

/* RFC 6749 5.2: "Values for the "error_description" parameter MUST NOT include characters outside
 * the set %x20-21 / %x23-5B / %x5D-7E." */
void pk_text_tame(char *out, size_t cap, struct pk_str text)
{
	const size_t len = text.len < cap - 1 ? text.len : cap - 1;

	for (size_t i = 0; i < len; i++) {
		const char c = text.ptr[i];

		out[i] = c >= 0x20 && c <= 0x7e && c != '"' && c != '\\' ? c : '?';
	}
	out[len] = '\0';
}
