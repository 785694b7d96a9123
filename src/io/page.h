/*
 * Pages: the files in web/, built into the program. `{{name}}` is replaced by the escaped value,
 * `{{{name}}}` by a value that is HTML already (made by another page). A name that no field has is
 * a mistake of ours and stops the program: tests render every page.
 */
#ifndef IO_PAGE_H
#define IO_PAGE_H

#include "proofkey.h"

struct page_field {
	const char *name;
	struct pk_str value;
};

/* `file` is the name in web/, "sign-in.html". */
void page_render(struct pk_buf *out, const char *file, const struct page_field *fields,
		 size_t count);

/* A file of web/ as it is: the style sheet. */
struct pk_str page_file(const char *file);

/* Escapes & < > " ' for text and attributes. */
void page_escape(struct pk_buf *out, struct pk_str text);

#endif
