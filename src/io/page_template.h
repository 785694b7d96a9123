/* Filling in a template, apart from where templates are kept. */
#ifndef IO_PAGE_TEMPLATE_H
#define IO_PAGE_TEMPLATE_H

#include "io/page.h"

/* `name` is what the complaint about a missing field calls the template. */
void page_fill(struct pk_buf *out, const char *name, struct pk_str text,
	       const struct page_field *fields, size_t count);

#endif
