/* GET /metrics: what all processes have counted since the gateway was started. */
#include "gateway/front.h"

void handle_metrics(struct front *front, struct http_request *request, struct pk_str rest)
{
	static char memory[METRICS_TEXT_MAX];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	(void)rest;
	metrics_write(front->metrics, &text);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply(request, 200, "text/plain; version=0.0.4", pk_buf_str(&text));
}
