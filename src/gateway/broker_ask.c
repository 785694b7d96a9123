/* Asking the keeper on behalf of a program, which may be gone when the answer comes. */
#include "gateway/broker.h"

#include <sodium.h>
#include <stdlib.h>

struct question {
	struct broker_request request; /* without `http` when the program is gone */
	broker_answer *done;
};

static void on_answer(struct message_reader *answer, void *arg)
{
	struct question *question = arg;
	const struct broker_request *request = &question->request;

	if (request->http) {
		http_on_gone(request->http, NULL, NULL);
		if (answer)
			question->done(request, answer);
		else
			broker_refuse(request->http, REFUSAL_KEEPER);
	}
	free(question);
}

static void on_gone(void *arg)
{
	((struct question *)arg)->request.http = NULL;
}

void broker_begin(const struct broker_request *request, enum call call, struct pk_buf *message)
{
	keeper_link_begin(request->broker->keeper, call, message);
	message_put_str(message,
			(struct pk_str){(const char *)request->pass, sizeof(request->pass)});
}

void broker_ask(const struct broker_request *request, const struct pk_buf *message,
		broker_answer *done)
{
	struct question *question = calloc(1, sizeof(*question));

	if (question)
		*question = (struct question){*request, done};
	if (!question || !keeper_link_send(request->broker->keeper, message, on_answer, question)) {
		broker_refuse(request->http, REFUSAL_KEEPER);
	} else {
		/* Only the message needs it. */
		sodium_memzero(question->request.pass, sizeof(question->request.pass));
		http_on_gone(request->http, on_gone, question);
		return;
	}
	if (question)
		sodium_memzero(question, sizeof(*question));
	free(question);
}
