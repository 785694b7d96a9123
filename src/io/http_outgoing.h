/* One request that goes out, from the copy of its words to the reply. For http_client.c alone. */
#ifndef IO_HTTP_OUTGOING_H
#define IO_HTTP_OUTGOING_H

#include "io/http_client.h"

#include <curl/curl.h>

struct http_outgoing {
	struct http_outgoing *next;
	CURL *easy;
	struct curl_slist *headers;
	char *url;
	struct pk_buf body;  /* to send */
	struct pk_buf reply; /* received; an overflow means too much came */
	char problem[256];   /* "" as long as there is none */
	http_client_done *done;
	void *arg;
};

/* NULL without memory. A request that is not to be sent has a problem from the start. */
struct http_outgoing *http_outgoing_new(const struct pk_http_request *request,
					http_client_done *done, void *arg);
void http_outgoing_end(struct http_outgoing *outgoing, CURLcode result);
void http_outgoing_tell(const struct http_outgoing *outgoing);

/* Wipes the request and the reply. */
void http_outgoing_free(struct http_outgoing *outgoing);

#endif
