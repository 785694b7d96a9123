/* Prefetch requests name themselves, in one of three headers. */
#include "gateway/prefetch.h"
#include "base/text.h"

bool is_prefetch(const struct http_request *request)
{
	static const char *const headers[] = {"Sec-Purpose", "Purpose", "X-Moz"};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (pk_str_starts(http_header(request, headers[i]), PK_STR("prefetch")))
			return true;
	return false;
}

void reply_prefetch(struct http_request *request)
{
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply(request, 204, NULL, PK_STR(""));
}
