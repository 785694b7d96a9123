/* Asking the keeper on behalf of a request, which may be gone when the answer comes. */
#ifndef GATEWAY_ASK_H
#define GATEWAY_ASK_H

#include "gateway/front.h"

/* Answers the request. `answer` is at its first field, or NULL when the keeper is gone or too
 * slow. */
typedef void ask_answer(struct front *front, struct http_request *request,
			struct message_reader *answer, void *context);

/*
 * Sends a call that keeper_link_begin() began. `done` is called once, unless the browser hangs up
 * first. `context` was allocated with malloc() and is freed in every case. False when the keeper
 * cannot be asked; `done` is not called then.
 */
bool ask_keeper(struct front *front, struct http_request *request, const struct pk_buf *message,
		ask_answer *done, void *context);

#endif
