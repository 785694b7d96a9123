/*
 * The words on an error page. No HTML parser: it takes out what stands in angle brackets, which is
 * enough to keep a redirect_uri in a link or a hidden field from being taken for a complaint about
 * it.
 */
#include "explain/page_text.h"
#include "base/arena.h"
#include "base/text.h"

#include <strings.h>

static bool begins_with(struct pk_str text, struct pk_str word)
{
	return text.len >= word.len && strncasecmp(text.ptr, word.ptr, word.len) == 0;
}

/* Behind the next `mark`, or at the end. */
static struct pk_str behind(struct pk_str text, struct pk_str mark)
{
	while (text.len && !begins_with(text, mark))
		text = pk_str_from(text, 1);
	return pk_str_from(text, mark.len);
}

/* Behind the tag, comment, script or style that `text` begins with. */
static struct pk_str behind_tag(struct pk_str text)
{
	static const struct {
		struct pk_str begin, end;
	} whole[] = {
		{{"<!--", 4}, {"-->", 3}},
		{{"<script", 7}, {"</script>", 9}},
		{{"<style", 6}, {"</style>", 8}},
	};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (begins_with(text, whole[i].begin))
			return behind(text, whole[i].end);
	return behind(text, PK_STR(">"));
}

static void put_space(struct pk_buf *out)
{
	if (out->len && out->ptr[out->len - 1] != ' ')
		pk_buf_char(out, ' ');
}

struct pk_str page_text(struct pk_arena *arena, struct pk_str html)
{
	struct pk_buf out = pk_arena_open(arena);
	struct pk_str text;

	while (html.len && out.len < PAGE_TEXT_MAX && !out.overflow) {
		if (html.ptr[0] == '<') {
			html = behind_tag(html);
			put_space(&out);
			continue;
		}
		if ((unsigned char)html.ptr[0] <= ' ')
			put_space(&out);
		else
			pk_buf_char(&out, html.ptr[0]);
		html = pk_str_from(html, 1);
	}
	return pk_arena_close(arena, &out, &text) == PK_OK ? pk_str_trim(text) : (struct pk_str){0};
}
