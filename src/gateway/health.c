/* GET /healthz: this process answers. GET /readyz: the keeper and its store do too. */
#include "gateway/ask.h"
#include "gateway/pages.h"

void handle_healthz(struct front *front, struct http_request *request, struct pk_str rest)
{
	(void)front;
	(void)rest;
	page_reply_text(request, 200, PK_STR("ok\n"));
}

static void on_answer(struct front *front, struct http_request *request,
		      struct message_reader *answer, void *context)
{
	(void)front;
	(void)context;
	if (!answer)
		page_reply_text(request, 503, PK_STR("the keeper does not answer\n"));
	else if (!message_number(answer))
		page_reply_text(request, 503, PK_STR("the store does not answer\n"));
	else
		page_reply_text(request, 200, PK_STR("ready\n"));
}

void handle_readyz(struct front *front, struct http_request *request, struct pk_str rest)
{
	char memory[64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	(void)rest;
	keeper_link_begin(front->keeper, CALL_PING, &message);
	if (!ask_keeper(front, request, &message, on_answer, NULL))
		page_reply_text(request, 503, PK_STR("the keeper is away\n"));
}
