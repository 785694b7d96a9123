/*
 * GET or POST /callback/NAME: ends an attempt. The state decides: it is opened, held against this
 * browser, this login and the clock, and only then is the rest believed and the keeper asked to
 * redeem the code. Each way in which it can be wrong has its own fault.
 */
#include "base/arena.h"
#include "base/encode.h"
#include "base/form.h"
#include "base/text.h"
#include "gateway/ask.h"
#include "gateway/browser.h"
#include "gateway/known_login.h"
#include "gateway/log.h"
#include "gateway/pages.h"
#include "gateway/prefetch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOCK_SKEW 60 /* seconds that the clocks of two replicas may differ */

#define MARK PK_BASE64URL_LEN(6) /* characters */
#define MARKS_MAX 12 /* attempts that a browser remembers: tabs that end at one moment */

/* The attempts that this browser had its answer for, as its cookie will say: this one first. */
struct answered {
	char marks[MARKS_MAX * MARK];
	size_t len;
	bool known; /* it had its answer before */
};

/* What a callback has to remember until the keeper answers. */
struct waiting {
	struct pk_str login; /* a view of the settings */
	uint8_t session_id[SESSION_ID];
	int64_t issued_at;
	int64_t expires_at;
	bool signed_in; /* this browser has a session at this login already */
	struct answered answered;
	size_t return_to_len;
	char return_to[RETURN_TO_MAX];
};

static void fail(struct front *front, struct http_request *request, struct pk_str login,
		 const char *fault, const char *detail)
{
	const struct failure failure = {.fault = pk_str(fault), .detail = pk_str(detail)};

	page_reply_failure(front, request, 400, login, &failure);
}

/* The parameters, as they came: the query, or the body of a form post. */
static bool read_parameters(struct http_request *request, struct pk_str *ret)
{
	if (!pk_str_equal(http_method(request), PK_STR("POST"))) {
		*ret = http_query(request);
		return true;
	}
	*ret = http_body(request);
	return pk_str_starts(http_header(request, "Content-Type"),
			     PK_STR("application/x-www-form-urlencoded"));
}

/* Opens the state and holds it against this browser, this login and the clock. NULL when it is
 * good, else a fault. */
static const char *check_state(struct front *front, const struct http_request *request,
			       struct pk_str login, struct pk_str state, void *memory,
			       struct attempt *ret, struct pk_str *ret_cookie,
			       const char **ret_detail)
{
	const int64_t now = time(NULL);
	size_t seen;

	switch (attempt_open(front->attempts, state, memory, ret)) {
	case ATTEMPT_UNKNOWN:
		*ret_detail = "the state is none that this installation makes";
		return "login-unknown";
	case ATTEMPT_OTHER_KEY:
		*ret_detail = "the state was sealed with a key that is not in the key ring";
		return "login-cookie-unreadable";
	case ATTEMPT_ALTERED:
		*ret_detail = "the state was sealed here and is no longer what it was";
		return "state-altered";
	case ATTEMPT_OPENED:
		break;
	}
	*ret_cookie = browser_find(front, request, ret->browser, &seen);
	if (!ret_cookie->len) {
		*ret_detail =
			seen ? "the browser's cookie is another one than the login started with"
			     : "the browser sent no cookie of a login: other host name, http for "
			       "https, or cookies blocked";
		return seen ? "state-mismatch" : "login-cookie-lost";
	}
	if (!pk_str_equal(ret->login, login)) {
		*ret_detail = "the login was started at another provider than the one whose "
			      "callback this is";
		return "issuer-mismatch";
	}
	if (now - ret->created_at > front->settings->attempt_lifetime ||
	    ret->created_at - now > CLOCK_SKEW) {
		*ret_detail = "the login was started longer ago than attempt_lifetime allows";
		return "login-took-too-long";
	}
	return NULL;
}

/* The cookie is the browser's to alter: it gains the start of another login by that, which it could
 * have had for the asking. */
static void read_answered(const struct front *front, const struct http_request *request,
			  const uint8_t attempt[static ATTEMPT_ID], struct answered *ret)
{
	struct pk_str before = http_cookie(request, front->answered_cookie);
	struct pk_buf marks = pk_buf(ret->marks, sizeof(ret->marks));
	uint8_t hash[crypto_generichash_BYTES_MIN];

	crypto_generichash(hash, sizeof(hash), attempt, ATTEMPT_ID, NULL, 0);
	pk_base64url_encode(&marks, hash, 6);
	for (; before.len >= MARK; before = pk_str_from(before, MARK)) {
		if (pk_str_equal(pk_str_first(before, MARK),
				 pk_str_first(pk_buf_str(&marks), MARK)))
			ret->known = true;
		else if (marks.len < marks.cap)
			pk_buf_put(&marks, pk_str_first(before, MARK));
	}
	ret->len = marks.len;
}

/* Set with an answer, so that a browser that lacks it did not get one. */
static void set_answered(struct front *front, struct http_request *request,
			 const struct answered *answered)
{
	front_set_cookie(front, request, front->answered_cookie,
			 (struct pk_str){answered->marks, answered->len},
			 front->settings->attempt_lifetime);
}

static void send_back(struct http_request *request, const struct waiting *waiting)
{
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(request, 303, (struct pk_str){waiting->return_to, waiting->return_to_len});
}

static void reply_signed_in(struct front *front, struct http_request *request,
			    const struct waiting *waiting, struct message_reader *answer)
{
	char memory[SESSION_TEXT_MAX];
	struct pk_buf cookie = pk_buf(memory, sizeof(memory));
	struct pk_str sid;
	struct session session = {
		.issued_at = waiting->issued_at,
		.expires_at = waiting->expires_at,
		.login = waiting->login,
		.subject = message_str(answer, PK_SUBJECT_MAX),
		.name = message_str(answer, CALL_TEXT_MAX),
		.email = message_str(answer, CALL_TEXT_MAX),
	};

	memcpy(session.id, waiting->session_id, sizeof(session.id));
	sid = message_str(answer, SESSION_ID);
	session.has_sid = sid.len == SESSION_ID;
	if (session.has_sid)
		memcpy(session.sid, sid.ptr, sizeof(session.sid));
	if (!message_done(answer) || !session_seal(front->sessions, &session, &cookie)) {
		fail(front, request, waiting->login, "reply-misread",
		     "the identity does not fit into a session");
		return;
	}
	metrics_count(front->metrics, METRIC_LOGINS_FINISHED);
	set_answered(front, request, &waiting->answered);
	front_set_cookie(front, request, front->session_cookie, pk_buf_str(&cookie),
			 waiting->expires_at - waiting->issued_at);
	send_back(request, waiting);
}

static int status_of(struct pk_str fault)
{
	static const struct {
		const char *fault;
		int status;
	} table[] = {
		{"not-allowed", 403},         {"user-denied", 403},
		{"provider-error", 502},      {"provider-unreachable", 502},
		{"server-error", 502},        {"reply-not-oauth", 502},
		{"reply-misread", 502},       {"subject-mismatch", 502},
		{"id-token-missing", 502},    {"id-token-malformed", 502},
		{"id-token-alg", 502},        {"id-token-key-unknown", 502},
		{"id-token-signature", 502},  {"id-token-issuer", 502},
		{"id-token-audience", 502},   {"id-token-expired", 502},
		{"id-token-hash", 502},       {"clock-skew", 502},
		{"nonce-mismatch", 502},      {"metadata-issuer", 502},
		{"metadata-incomplete", 502}, {"metadata-pkce", 502},
		{"store-unavailable", 503},   {"keeper-unavailable", 503},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (pk_str_equal(fault, pk_str(table[i].fault)))
			return table[i].status;
	return 400;
}

/* What the provider refuses, it refuses to the keeper: the browser's request was in order. */
static int status_of_failure(const struct failure *failure)
{
	const int status = status_of(failure->fault);

	return status == 400 && failure->provider_error.len ? 502 : status;
}

/*
 * The code was sent before, and its answer never reached this browser: the replica that had it was
 * killed and a proxy asked the next one, or an impatient reload hung up on the first request. Codes
 * are sent once, so the login begins anew, and who is still known to the provider notices nothing.
 */
static void begin_again(struct front *front, struct http_request *request,
			const struct waiting *waiting)
{
	char memory[SESSION_LOGIN_MAX + 3 * RETURN_TO_MAX + 64];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	size_t start;

	pk_buf_put(&url, front->settings->public_url);
	pk_buf_put(&url, PK_STR("/login/"));
	pk_buf_put(&url, waiting->login);
	pk_buf_char(&url, '?');
	start = url.len;
	pk_form_put(&url, start, PK_STR("return_to"),
		    (struct pk_str){waiting->return_to, waiting->return_to_len});
	log_event("info", "login.again", &(struct log_field){"login", waiting->login}, 1);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(request, 303, pk_buf_str(&url));
}

static void reply_failed(struct front *front, struct http_request *request,
			 const struct waiting *waiting, struct message_reader *answer)
{
	const struct failure failure = {
		.fault = message_str(answer, CALL_TEXT_MAX),
		.detail = message_str(answer, CALL_TEXT_MAX),
		.provider_error = message_str(answer, CALL_TEXT_MAX),
		.provider_text = message_str(answer, CALL_TEXT_MAX),
		.explanation = message_str(answer, EXPLANATION_MAX),
	};

	const bool repeated = pk_str_equal(failure.fault, PK_STR("code-reused"));
	const int status = status_of_failure(&failure);

	/* The back button, a reload, a double click: whoever is signed in already goes where they
	 * wanted to. */
	if (waiting->signed_in && repeated) {
		send_back(request, waiting);
		return;
	}
	if (repeated && !waiting->answered.known) {
		begin_again(front, request, waiting);
		return;
	}
	/* After what passes, a reload begins again. */
	if (status != 503)
		set_answered(front, request, &waiting->answered);
	page_reply_failure(front, request, status, waiting->login, &failure);
}

static void reply_away(struct front *front, struct http_request *request, struct pk_str login)
{
	const struct failure away = {
		.fault = PK_STR("keeper-unavailable"),
		.detail = PK_STR("the keeper did not answer: it is being restarted, has too much "
				 "to do, or the provider is very slow"),
	};

	page_reply_failure(front, request, 503, login, &away);
}

static void on_answer(struct front *front, struct http_request *request,
		      struct message_reader *answer, void *context)
{
	const struct waiting *waiting = context;

	if (!answer)
		reply_away(front, request, waiting->login);
	else if (message_number(answer))
		reply_signed_in(front, request, waiting, answer);
	else
		reply_failed(front, request, waiting, answer);
}

static void put_bytes(struct pk_buf *message, const uint8_t *bytes, size_t size)
{
	message_put_str(message, (struct pk_str){(const char *)bytes, size});
}

/* Asks the keeper to redeem. A new login in this browser replaces the session that it had. */
static bool send_call(struct front *front, struct http_request *request, struct waiting *waiting,
		      const struct attempt *attempt, struct pk_str state, struct pk_str parameters,
		      const struct pk_verifier *verifier, struct pk_str nonce)
{
	static char memory[MESSAGE_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));
	struct session old;
	const bool replaces = front_session(front, request, &old);
	bool sent;

	waiting->signed_in = replaces && pk_str_equal(old.login, waiting->login);
	read_answered(front, request, attempt->id, &waiting->answered);
	keeper_link_begin(front->keeper, CALL_REDEEM, &message);
	message_put_str(&message, waiting->login);
	put_bytes(&message, attempt->id, sizeof(attempt->id));
	message_put_number(&message, (uint64_t)(attempt->created_at +
						front->settings->attempt_lifetime + CLOCK_SKEW));
	message_put_str(&message, state);
	message_put_str(&message, parameters);
	message_put_str(&message, pk_verifier_str(verifier));
	message_put_str(&message, nonce);
	put_bytes(&message, old.id, replaces ? sizeof(old.id) : 0);
	message_put_number(&message, replaces ? (uint64_t)old.expires_at : 0);
	sent = ask_keeper(front, request, &message, on_answer, waiting);
	sodium_memzero(memory, message.len);
	return sent;
}

static struct waiting *waiting_new(const struct front *front, const struct login_settings *login,
				   const struct attempt *attempt)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting || attempt->return_to.len > sizeof(waiting->return_to)) {
		free(waiting);
		return NULL;
	}
	waiting->login = login->login.name;
	waiting->issued_at = time(NULL);
	waiting->expires_at = waiting->issued_at + front->settings->session_lifetime;
	memcpy(waiting->return_to, attempt->return_to.ptr, attempt->return_to.len);
	waiting->return_to_len = attempt->return_to.len;
	randombytes_buf(waiting->session_id, sizeof(waiting->session_id));
	return waiting;
}

static void redeem(struct front *front, struct http_request *request,
		   const struct login_settings *login, const struct attempt *attempt,
		   struct pk_str state, struct pk_str parameters, struct pk_str cookie)
{
	const struct subkey *key = attempt_key(&front->settings->attempt_keys, state);
	struct waiting *waiting = waiting_new(front, login, attempt);
	const bool has_nonce = pk_login_has_id_token(&login->login);
	struct pk_verifier verifier;
	char nonce[NONCE_TEXT];

	if (!waiting || !key) {
		free(waiting);
		reply_away(front, request, login->login.name);
		return;
	}
	attempt_verifier(key, attempt->id, cookie, &verifier);
	attempt_nonce(key, attempt->id, cookie, nonce);
	if (!send_call(front, request, waiting, attempt, state, parameters, &verifier,
		       (struct pk_str){nonce, has_nonce ? sizeof(nonce) : 0}))
		reply_away(front, request, login->login.name);
	pk_verifier_wipe(&verifier);
}

/* Cookies with SameSite=Lax, as ours are, do not come with a POST from the provider's site
 * (response_mode=form_post). The same callback by GET brings them. */
static bool lacks_cookies(struct front *front, struct http_request *request, struct pk_str state)
{
	char memory[STATE_MAX];
	struct attempt attempt;

	return pk_str_equal(http_method(request), PK_STR("POST")) &&
	       !http_cookie_prefixed(request, front->browser_cookie, 0).ptr &&
	       attempt_open(front->attempts, state, memory, &attempt) == ATTEMPT_OPENED;
}

#define AGAIN_MAX 8192 /* bytes of a callback that comes once more */

/* With what a login needs of it, and no more. What is left out names nobody and decides nothing. */
static void ask_again_by_get(struct front *front, struct http_request *request,
			     const struct login_settings *login, struct pk_str parameters)
{
	static const char *const kept[] = {"code", "state", "iss", "error", "error_description"};
	char memory[AGAIN_MAX];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	struct pk_form form;

	pk_buf_put(&url, login->login.redirect_uri);
	pk_buf_char(&url, '?');

	const size_t start = url.len;

	if (pk_form_parse(http_arena(request), parameters, &form, NULL) != PK_OK)
		url.overflow = true;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && !url.overflow; i++)
		if (pk_form_count(&form, pk_str(kept[i])))
			pk_form_put(&url, start, pk_str(kept[i]),
				    pk_form_get(&form, pk_str(kept[i])));
	if (url.overflow) {
		fail(front, request, login->login.name, "reply-misread",
		     "the callback is longer than any login's");
		return;
	}
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(request, 303, pk_buf_str(&url));
}

static void end_attempt(struct front *front, struct http_request *request,
			const struct login_settings *login)
{
	const struct pk_grant_code *code;
	const char *detail = NULL, *fault;
	char memory[STATE_MAX];
	struct pk_str parameters, state, cookie;
	struct attempt attempt;
	struct pk_why why = {0};

	if (!read_parameters(request, &parameters)) {
		page_reply_text(request, 415, PK_STR("A callback by POST is a form.\n"));
		return;
	}
	if (pk_callback_state(http_arena(request), parameters, &state, &why) != PK_OK) {
		page_reply_refusal(front, request, 400, login->login.name, &why);
		return;
	}
	if (lacks_cookies(front, request, state)) {
		ask_again_by_get(front, request, login, parameters);
		return;
	}
	fault = check_state(front, request, login->login.name, state, memory, &attempt, &cookie,
			    &detail);
	if (fault)
		fail(front, request, login->login.name, fault, detail);
	else if (pk_callback(http_arena(request), &login->login, state, parameters, &code, NULL,
			     &why) != PK_OK)
		page_reply_refusal(front, request, status_of(pk_str(pk_err_info(why.err)->fault)),
				   login->login.name, &why);
	else
		redeem(front, request, login, &attempt, state, parameters, cookie);
}

void handle_callback(struct front *front, struct http_request *request, struct pk_str rest)
{
	const struct login_settings *login = settings_login(front->settings, rest);

	if (is_prefetch(request))
		reply_prefetch(request);
	else if (!login)
		page_reply_text(request, 404, PK_STR("There is no login of this name.\n"));
	else
		with_known_login(front, request, login, end_attempt);
}
