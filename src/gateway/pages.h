/* What a front shows to people: the sign-in page, who is signed in, and failures. */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include "gateway/front.h"

/* Answers with plain text. */
void page_reply_text(struct http_request *request, int status, struct pk_str text);

/* Answers with the page for somebody who has signed out. */
void page_reply_signed_out(struct front *front, struct http_request *request);

/*
 * Answers a failed login with a page: what happened, whose move it is, what to do, and an id by
 * which the operator finds the log line that this writes too. The evidence, the provider's
 * words and the whole explanation are shown when `explain_to_users` is set. `login` may be empty.
 */
void page_reply_failure(struct front *front, struct http_request *request, int status,
			struct pk_str login, const struct failure *failure);

/* The same for a refusal of the library. */
void page_reply_refusal(struct front *front, struct http_request *request, int status,
			struct pk_str login, const struct pk_why *why);

#endif
