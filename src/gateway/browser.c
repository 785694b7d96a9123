/*
 * The cookie that stands for a browser. Its name ends in a part of its value, so that two tabs that both
 * come here first do not take each other's away; every further tab uses what is there.
 */
#include "gateway/browser.h"
#include "base/text.h"

#include <sodium.h>

#define COOKIE_SECONDS 86400
#define COOKIES_MAX 64 /* of them that are looked at */

struct pk_str browser_cookie(struct front *front, struct http_request *request,
			     char memory[static BROWSER_TEXT])
{
	char name_memory[64];
	struct pk_buf name = pk_buf(name_memory, sizeof(name_memory));
	struct pk_str value = http_cookie_prefixed(request, front->browser_cookie, 0);

	if (value.len != BROWSER_TEXT) {
		uint8_t id[BROWSER_ID];
		struct pk_buf text = pk_buf(memory, BROWSER_TEXT);

		randombytes_buf(id, sizeof(id));
		pk_base64url_encode(&text, id, sizeof(id));
		value = pk_buf_str(&text);
		pk_buf_put(&name, front->browser_cookie);
		pk_buf_put(&name, pk_str_first(value, 4));
		front_set_cookie(front, request, pk_buf_str(&name), value, COOKIE_SECONDS);
	}
	return value;
}

struct pk_str browser_find(const struct front *front, const struct http_request *request,
			   const uint8_t browser[static 16], size_t *ret_seen)
{
	struct pk_str found = {0};
	size_t i = 0;

	for (; i < COOKIES_MAX; i++) {
		const struct pk_str cookie =
			http_cookie_prefixed(request, front->browser_cookie, i);
		uint8_t hash[16];

		if (!cookie.ptr)
			break;
		attempt_browser(cookie, hash);
		if (sodium_memcmp(hash, browser, sizeof(hash)) == 0)
			found = cookie;
	}
	*ret_seen = i;
	return found;
}
