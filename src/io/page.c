/*
 * Pages: the files of web/ and their blanks. The templates are ours and trusted; the values are
 * anybody's, and are escaped unless the template asks for them as they are.
 */
#include "io/page_template.h"
#include "base/embedded.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mistake of ours that any test which renders the page finds. Going on would show a page with a
 * hole in it. */
static _Noreturn void give_up(const char *name, const char *what, struct pk_str which)
{
	fprintf(stderr, "proofkey: web/%s: %s: %.*s\n", name, what, PK_ARG(which));
	abort();
}

void page_escape(struct pk_buf *out, struct pk_str text)
{
	static const struct {
		char c;
		struct pk_str entity;
	} entities[] = {{'&', {"&amp;", 5}},
			{'<', {"&lt;", 4}},
			{'>', {"&gt;", 4}},
			{'"', {"&quot;", 6}},
			{'\'', {"&#39;", 5}}};

	for (size_t i = 0; i < text.len; i++) {
		struct pk_str put = {text.ptr + i, 1};

		for (size_t j = 0; j < sizeof(entities) / sizeof(entities[0]); j++)
			if (entities[j].c == text.ptr[i])
				put = entities[j].entity;
		pk_buf_put(out, put);
	}
}

static struct pk_str find_field(const char *name, struct pk_str wanted,
				const struct page_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pk_str_equal(wanted, pk_str(fields[i].name)))
			return fields[i].value;
	give_up(name, "no field of that name was given", wanted);
}

static size_t find(struct pk_str text, struct pk_str part)
{
	const char *at = memmem(text.ptr, text.len, part.ptr, part.len);

	return at ? (size_t)(at - text.ptr) : text.len;
}

void page_fill(struct pk_buf *out, const char *name, struct pk_str text,
	       const struct page_field *fields, size_t count)
{
	while (text.len) {
		const size_t open = find(text, PK_STR("{{"));

		pk_buf_put(out, pk_str_first(text, open));
		text = pk_str_from(text, open);
		if (!text.len)
			return;

		const bool raw = pk_str_starts(text, PK_STR("{{{"));
		const struct pk_str closing = raw ? PK_STR("}}}") : PK_STR("}}");
		const struct pk_str blank = pk_str_from(text, closing.len);
		const size_t close = find(blank, closing);

		if (close == blank.len)
			give_up(name, "a blank is not closed", pk_str_first(text, 40));

		const struct pk_str value =
			find_field(name, pk_str_first(blank, close), fields, count);

		if (raw)
			pk_buf_put(out, value);
		else
			page_escape(out, value);
		text = pk_str_from(blank, close + closing.len);
	}
}

struct pk_str page_file(const char *file)
{
	for (const struct embedded *at = embedded_web; at->name; at++)
		if (strcmp(at->name, file) == 0)
			return (struct pk_str){at->text, at->len};
	return (struct pk_str){0};
}

void page_render(struct pk_buf *out, const char *file, const struct page_field *fields,
		 size_t count)
{
	const struct pk_str template = page_file(file);

	if (!template.ptr)
		give_up(file, "there is no such file", pk_str(file));
	page_fill(out, file, template, fields, count);
}
