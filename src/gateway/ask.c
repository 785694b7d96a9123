/* A question outlives neither its answer nor, with more than its memory, its request. */
#include "gateway/ask.h"

#include <stdlib.h>

struct question {
	struct front *front;
	struct http_request *request; /* NULL when the browser is gone */
	ask_answer *done;
	void *context;
};

static void on_answer(struct message_reader *answer, void *arg)
{
	struct question *question = arg;

	if (question->request) {
		http_on_gone(question->request, NULL, NULL);
		question->done(question->front, question->request, answer, question->context);
	}
	free(question->context);
	free(question);
}

static void on_gone(void *arg)
{
	((struct question *)arg)->request = NULL;
}

bool ask_keeper(struct front *front, struct http_request *request, const struct pk_buf *message,
		ask_answer *done, void *context)
{
	struct question *question = calloc(1, sizeof(*question));

	if (!question || !keeper_link_send(front->keeper, message, on_answer, question)) {
		free(question);
		free(context);
		return false;
	}
	*question = (struct question){front, request, done, context};
	http_on_gone(request, on_gone, question);
	return true;
}
