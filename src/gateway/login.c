/*
 * GET /login/NAME: starts an attempt. Nothing is stored for it: what the callback will need is
 * sealed into `state`, bound to this browser's cookie, and the browser is sent to the provider.
 */
#include "base/encode.h"
#include "base/form.h"
#include "base/text.h"
#include "gateway/front.h"
#include "gateway/log.h"
#include "gateway/pages.h"
#include "gateway/prefetch.h"
#include "gateway/return_to.h"

#include <sodium.h>
#include <time.h>

#define BROWSER_COOKIE_SECONDS 86400
#define AUTHORIZE_URL_MAX 8192

/*
 * The cookie that stands for this browser: the one it has, or a new one. Its name ends in a part of
 * its value, so that two tabs that both come here first do not take each other's away; every
 * further tab uses what is there.
 */
static struct pk_str browser_cookie(struct front *front, struct http_request *request,
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
		front_set_cookie(front, request, pk_buf_str(&name), value, BROWSER_COOKIE_SECONDS);
	}
	return value;
}

static bool write_return_to(struct front *front, struct http_request *request, struct pk_buf *out)
{
	struct pk_form form;

	return pk_form_parse(http_arena(request), http_query(request), &form, NULL) == PK_OK &&
	       pk_form_count(&form, PK_STR("return_to")) <= 1 &&
	       return_to_write(front->settings, pk_form_get(&form, PK_STR("return_to")), out);
}

/* Seals the attempt, derives its verifier and writes the authorize URL. */
static enum pk_err write_authorize_url(struct front *front, const struct login_settings *login,
				       struct pk_str cookie, struct pk_str return_to,
				       struct pk_buf *url, struct pk_why *why)
{
	char state_memory[STATE_MAX];
	struct pk_buf state = pk_buf(state_memory, sizeof(state_memory));
	struct attempt attempt = {
		.created_at = time(NULL), .login = login->login.name, .return_to = return_to};
	struct pk_verifier verifier;
	struct pk_challenge challenge;

	randombytes_buf(attempt.id, sizeof(attempt.id));
	attempt_browser(cookie, attempt.browser);
	attempt_seal(front->attempts, &attempt, &state);
	if (state.overflow)
		return PK_ERR_NO_SPACE;
	/* The first key of the ring is the one that sealed. */
	attempt_verifier(&front->settings->attempt_keys.key[0], attempt.id, cookie, &verifier);
	pk_challenge_make(&verifier, login->dialect.challenge, &challenge);
	pk_verifier_wipe(&verifier);
	return pk_authorize_url(&login->login, pk_buf_str(&state), (struct pk_str){0}, &challenge,
				url, why);
}

void handle_login(struct front *front, struct http_request *request, struct pk_str rest)
{
	char cookie_memory[BROWSER_TEXT], return_memory[RETURN_TO_MAX],
		url_memory[AUTHORIZE_URL_MAX];
	struct pk_buf return_to = pk_buf(return_memory, sizeof(return_memory));
	struct pk_buf url = pk_buf(url_memory, sizeof(url_memory));
	const struct login_settings *login = settings_login(front->settings, rest);
	struct pk_why why = {0};

	if (is_prefetch(request)) {
		reply_prefetch(request);
		return;
	}
	if (!login) {
		page_reply_text(request, 404, PK_STR("There is no login of this name.\n"));
		return;
	}
	if (!write_return_to(front, request, &return_to)) {
		page_reply_text(
			request, 400,
			PK_STR("return_to leads to an address to which this site sends nobody.\n"));
		return;
	}
	if (write_authorize_url(front, login, browser_cookie(front, request, cookie_memory),
				pk_buf_str(&return_to), &url, &why) != PK_OK) {
		log_text("error", "login.start", "%s", why.detail);
		page_reply_text(
			request, 400,
			PK_STR("This login cannot be started with such a long return_to.\n"));
		return;
	}
	metrics_count(front->metrics, METRIC_LOGINS_STARTED);
	log_event("info", "login.started", &(struct log_field){"login", login->login.name}, 1);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(request, 303, pk_buf_str(&url));
}
