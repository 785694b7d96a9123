/*
 * GET /logged-out: where a provider sends browsers back to after its own logout (OpenID Connect
 * RP-Initiated Logout 1.0, 3). Anybody can send a browser here, and nothing happens by it: whoever is
 * signed in is shown that, and everybody else the way back in. The state says whether a logout of
 * ours led here, for the log.
 */
#include "gateway/logged_out.h"
#include "base/form.h"
#include "base/text.h"
#include "gateway/browser.h"
#include "gateway/log.h"
#include "gateway/pages.h"
#include "io/message.h"

#include <sodium.h>
#include <time.h>

#define VERSION 1
#define BROWSER_HASH 16
#define RETURN_SECONDS 3600 /* some people read what the provider asks before they answer */

static const struct pk_str purpose = {"logout", 6};

void logged_out_state(struct front *front, struct http_request *request, struct pk_buf *out)
{
	char cookie_memory[BROWSER_TEXT], memory[64];
	uint8_t nonce[SEAL_NONCE], browser[BROWSER_HASH];
	struct pk_buf plain = pk_buf(memory, sizeof(memory));

	attempt_browser(browser_cookie(front, request, cookie_memory), browser);
	message_put_number(&plain, VERSION);
	message_put_number(&plain, (uint64_t)time(NULL));
	message_put_str(&plain, (struct pk_str){(const char *)browser, sizeof(browser)});
	randombytes_buf(nonce, sizeof(nonce));
	token_seal(front->attempts, nonce, purpose, pk_buf_str(&plain), out);
}

/* NULL where a logout of this browser led here, else a sentence. */
static const char *check_state(struct front *front, const struct http_request *request,
			       struct pk_str state)
{
	char memory[LOGGED_OUT_STATE_MAX];
	struct pk_str plain, browser;
	size_t seen;

	if (state.len > LOGGED_OUT_STATE_MAX ||
	    token_open(front->attempts, purpose, state, memory, &plain) != SEAL_OPENED)
		return "the state is none of a logout here";

	struct message_reader in = message_reader(plain);
	const uint64_t version = message_number(&in);
	const int64_t age = time(NULL) - (int64_t)message_number(&in);

	browser = message_str(&in, BROWSER_HASH);
	if (version != VERSION || !message_done(&in) || browser.len != BROWSER_HASH)
		return "the state is none of a logout here";
	if (!browser_find(front, request, (const uint8_t *)browser.ptr, &seen).len)
		return "the logout began in another browser";
	return age > RETURN_SECONDS ? "the logout began long ago" : NULL;
}

static void log_return(struct front *front, struct http_request *request)
{
	struct pk_form form;
	const bool readable =
		pk_form_parse(http_arena(request), http_query(request), &form, NULL) == PK_OK;
	const struct pk_str state =
		readable ? pk_form_get(&form, PK_STR("state")) : (struct pk_str){0};
	const char *problem = check_state(front, request, state);

	if (!problem)
		log_text("info", "logout.returned", "from the provider");
	else if (!readable || state.ptr)
		log_text("warn", "logout.state", "%s", problem);
	/* Without a state it is a reload, a bookmark, or a provider that has none. */
}

void handle_logged_out(struct front *front, struct http_request *request, struct pk_str rest)
{
	char memory[512];
	struct pk_buf home = pk_buf(memory, sizeof(memory));
	struct session session;

	(void)rest;
	log_return(front, request);
	if (!front_session(front, request, &session)) {
		page_reply_signed_out(front, request);
		return;
	}
	pk_buf_put(&home, front->settings->public_url);
	pk_buf_char(&home, '/');
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_redirect(request, 303, pk_buf_str(&home));
}
