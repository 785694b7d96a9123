/*
 * GET /login/NAME: starts an attempt. Nothing is stored for it: what the callback will need is
 * sealed into `state`, bound to this browser's cookie, and the browser is sent to the provider.
 */
#include "base/encode.h"
#include "base/form.h"
#include "base/text.h"
#include "gateway/ask.h"
#include "gateway/browser.h"
#include "gateway/known_login.h"
#include "gateway/log.h"
#include "gateway/pages.h"
#include "gateway/prefetch.h"
#include "gateway/return_to.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#define AUTHORIZE_URL_MAX 8192

static bool write_return_to(struct front *front, struct http_request *request, struct pk_buf *out)
{
	struct pk_form form;

	return pk_form_parse(http_arena(request), http_query(request), &form, NULL) == PK_OK &&
	       pk_form_count(&form, PK_STR("return_to")) <= 1 &&
	       return_to_write(front->settings, pk_form_get(&form, PK_STR("return_to")), out);
}

/* What is known of a login that is about to start. */
struct start {
	char state[STATE_MAX];
	size_t state_len;
	char nonce[NONCE_TEXT];
	size_t nonce_len; /* 0: the provider gives no ID token */
	struct pk_challenge challenge;
};

static struct pk_str state_of(const struct start *start)
{
	return (struct pk_str){start->state, start->state_len};
}

static struct pk_str nonce_of(const struct start *start)
{
	return start->nonce_len ? (struct pk_str){start->nonce, start->nonce_len}
				: (struct pk_str){0};
}

/* Seals the attempt, and derives what goes to the provider from it. */
static bool begin(struct front *front, const struct login_settings *login, struct pk_str cookie,
		  struct pk_str return_to, struct start *ret)
{
	/* The first key of the ring is the one that seals. */
	const struct subkey *key = &front->settings->attempt_keys.key[0];
	struct pk_buf state = pk_buf(ret->state, sizeof(ret->state));
	struct attempt attempt = {
		.created_at = time(NULL), .login = login->login.name, .return_to = return_to};
	struct pk_verifier verifier;

	randombytes_buf(attempt.id, sizeof(attempt.id));
	attempt_browser(cookie, attempt.browser);
	attempt_seal(front->attempts, &attempt, &state);
	ret->state_len = state.len;
	attempt_verifier(key, attempt.id, cookie, &verifier);
	pk_challenge_make(&verifier, login->dialect.challenge, &ret->challenge);
	pk_verifier_wipe(&verifier);
	attempt_nonce(key, attempt.id, cookie, ret->nonce);
	ret->nonce_len = pk_login_has_id_token(&login->login) ? sizeof(ret->nonce) : 0;
	return !state.overflow;
}

static void send_to_provider(struct front *front, struct http_request *request, struct pk_str login,
			     struct pk_str url)
{
	metrics_count(front->metrics, METRIC_LOGINS_STARTED);
	log_event("info", "login.started", &(struct log_field){"login", login}, 1);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(request, 303, url);
}

static void refuse_length(struct http_request *request, const char *detail)
{
	log_text("error", "login.start", "%s", detail);
	page_reply_text(request, 400,
			PK_STR("This login cannot be started with such a long return_to.\n"));
}

/* A login whose request went ahead. */
struct pushed {
	struct pk_str login; /* its name, in the settings */
};

static void reply_push_failed(struct front *front, struct http_request *request,
			      struct pk_str login, struct message_reader *answer)
{
	struct failure failure = {.fault = PK_STR("keeper-unavailable"),
				  .detail = PK_STR("the keeper did not answer")};

	if (answer)
		failure = (struct failure){
			.fault = message_str(answer, CALL_TEXT_MAX),
			.detail = message_str(answer, CALL_TEXT_MAX),
			.provider_error = message_str(answer, CALL_TEXT_MAX),
			.provider_text = message_str(answer, CALL_TEXT_MAX),
			.explanation = message_str(answer, EXPLANATION_MAX),
		};
	page_reply_failure(front, request, answer ? 502 : 503, login, &failure);
}

static void on_pushed(struct front *front, struct http_request *request,
		      struct message_reader *answer, void *context)
{
	const struct pushed *pushed = context;

	if (answer && message_number(answer))
		send_to_provider(front, request, pushed->login,
				 message_str(answer, AUTHORIZE_URL_MAX));
	else
		reply_push_failed(front, request, pushed->login, answer);
}

/* The keeper tells the provider what this browser will come for (RFC 9126). */
static void push(struct front *front, struct http_request *request,
		 const struct login_settings *login, const struct start *start)
{
	char memory[2 * STATE_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));
	struct pushed *pushed = calloc(1, sizeof(*pushed));
	const struct pk_str name = login->login.name;

	if (!pushed) {
		reply_push_failed(front, request, name, NULL);
		return;
	}
	pushed->login = name;
	keeper_link_begin(front->keeper, CALL_PUSH, &message);
	message_put_str(&message, name);
	message_put_str(&message, state_of(start));
	message_put_str(&message, nonce_of(start));
	message_put_str(&message, pk_challenge_str(&start->challenge));
	if (!ask_keeper(front, request, &message, on_pushed, pushed))
		reply_push_failed(front, request, name, NULL);
}

static void start_login(struct front *front, struct http_request *request,
			const struct login_settings *login)
{
	char cookie_memory[BROWSER_TEXT], return_memory[RETURN_TO_MAX],
		url_memory[AUTHORIZE_URL_MAX];
	struct pk_buf return_to = pk_buf(return_memory, sizeof(return_memory));
	struct pk_buf url = pk_buf(url_memory, sizeof(url_memory));
	struct start start;
	struct pk_why why = {0};

	if (!write_return_to(front, request, &return_to))
		page_reply_text(
			request, 400,
			PK_STR("return_to leads to an address to which this site sends nobody.\n"));
	else if (!begin(front, login, browser_cookie(front, request, cookie_memory),
			pk_buf_str(&return_to), &start))
		refuse_length(request, "the state is too long");
	else if (login->pushed)
		push(front, request, login, &start);
	else if (pk_authorize_url(&login->login, state_of(&start), nonce_of(&start),
				  &start.challenge, &url, &why) != PK_OK)
		refuse_length(request, why.detail);
	else
		send_to_provider(front, request, login->login.name, pk_buf_str(&url));
}

void handle_login(struct front *front, struct http_request *request, struct pk_str rest)
{
	const struct login_settings *login = settings_login(front->settings, rest);

	if (is_prefetch(request))
		reply_prefetch(request);
	else if (!login)
		page_reply_text(request, 404, PK_STR("There is no login of this name.\n"));
	else
		with_known_login(front, request, login, start_login);
}
