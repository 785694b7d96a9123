/* The forms that an answer takes, each with the headers that belong to it. */
#ifndef SANDBOX_REPLY_H
#define SANDBOX_REPLY_H

#include "io/page.h"
#include "sandbox/check.h"

#include <jansson.h>

/* A page; `file` is its name in web/. */
void reply_page(struct exchange *x, int status, const char *file, const struct page_field *fields,
		size_t count);

/* A page that runs this one script and no other; it is part of the page. */
void reply_page_with_script(struct exchange *x, const char *file, const struct page_field *fields,
			    size_t count, struct pk_str script);

/* Likewise, with images from anywhere: one calls the app. */
void reply_page_with_images(struct exchange *x, const char *file, const struct page_field *fields,
			    size_t count);

/* A document as JSON or as form; it is released. */
void reply_document(struct exchange *x, int status, enum pk_body body, json_t *document);

/* The same in the form that the dialect's token endpoint has for this client. */
void reply_as_token_endpoint(struct exchange *x, int status, json_t *document);

/* What a single-page app at another origin may read (RFC 9700 2.6: not the authorize endpoint). */
void reply_cors(struct exchange *x);

#endif
