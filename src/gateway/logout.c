/*
 * POST /logout: ends the session here, with ?everywhere=1 all of the person's at this login, and has
 * the provider forget the tokens where it can. Then the browser goes on to the provider's own logout,
 * where there is one (OpenID Connect RP-Initiated Logout 1.0). Refuses what another site makes a
 * browser send: a browser tells where a POST comes from, and a POST that does not tell is none of a
 * browser's.
 */
#include "base/form.h"
#include "base/text.h"
#include "gateway/ask.h"
#include "gateway/log.h"
#include "gateway/logged_out.h"
#include "gateway/pages.h"

static bool is_same_origin(const struct front *front, const struct http_request *request)
{
	const struct pk_str origin = http_header(request, "Origin");

	if (origin.len)
		return pk_str_equal(origin, front->settings->public_url);
	return pk_str_equal(http_header(request, "Sec-Fetch-Site"), PK_STR("same-origin"));
}

/* `url` is the provider's, or empty: then it is the sign-in page. */
static void reply_signed_out(struct front *front, struct http_request *request, struct pk_str url)
{
	char memory[512];
	struct pk_buf home = pk_buf(memory, sizeof(memory));

	front_set_cookie(front, request, front->session_cookie, PK_STR(""), 0);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply_header(request, "Referrer-Policy", PK_STR("no-referrer"));
	pk_buf_put(&home, front->settings->public_url);
	pk_buf_char(&home, '/');
	http_redirect(request, 303, url.len ? url : pk_buf_str(&home));
}

static void reply_failed(struct http_request *request)
{
	log_text("error", "logout.failed", "the keeper did not end the session");
	page_reply_text(request, 503,
			PK_STR("You could not be signed out at this moment. Please try again.\n"));
}

static void on_answer(struct front *front, struct http_request *request,
		      struct message_reader *answer, void *context)
{
	struct pk_str url = {0};
	bool ended = answer && message_number(answer);

	(void)context;
	if (ended) {
		url = message_str(answer, CALL_URL_MAX);
		ended = message_done(answer);
	}
	if (!ended) {
		reply_failed(request);
		return;
	}
	metrics_count(front->metrics, METRIC_SESSIONS_ENDED);
	reply_signed_out(front, request, url);
}

/* Whether the provider knows who is to be signed out: without an ID token it would have to ask. */
static bool may_go_on(const struct login_settings *login)
{
	return login && login->ends_there && pk_login_has_id_token(&login->login);
}

static void end_session(struct front *front, struct http_request *request,
			const struct session *session, bool everywhere)
{
	char memory[2048], state_memory[LOGGED_OUT_STATE_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));
	struct pk_buf state = pk_buf(state_memory, sizeof(state_memory));

	if (may_go_on(settings_login(front->settings, session->login)))
		logged_out_state(front, request, &state);
	keeper_link_begin(front->keeper, CALL_LOGOUT, &message);
	message_put_str(&message, (struct pk_str){(const char *)session->id, sizeof(session->id)});
	message_put_number(&message, (uint64_t)session->expires_at);
	message_put_str(&message, session->login);
	message_put_str(&message, session->subject);
	message_put_str(&message, (struct pk_str){(const char *)session->sid,
						  session->has_sid ? sizeof(session->sid) : 0});
	message_put_number(&message, everywhere);
	message_put_str(&message, pk_buf_str(&state));
	if (state.overflow || !ask_keeper(front, request, &message, on_answer, NULL))
		reply_failed(request);
}

/* False for a query that is none of ours: what it wants to end is not guessed. */
static bool read_query(struct http_request *request, bool *ret_everywhere)
{
	struct pk_form form;

	if (pk_form_parse(http_arena(request), http_query(request), &form, NULL) != PK_OK)
		return false;
	*ret_everywhere = pk_form_count(&form, PK_STR("everywhere")) > 0;
	return !*ret_everywhere ||
	       (pk_form_count(&form, PK_STR("everywhere")) == 1 &&
		pk_str_equal(pk_form_get(&form, PK_STR("everywhere")), PK_STR("1")));
}

void handle_logout(struct front *front, struct http_request *request, struct pk_str rest)
{
	struct session session;
	bool everywhere;

	(void)rest;
	if (!is_same_origin(front, request)) {
		log_text("warn", "logout.refused", "a request from another site");
		page_reply_text(
			request, 403,
			PK_STR("Signing out is possible from this site's own pages only.\n"));
	} else if (!read_query(request, &everywhere)) {
		page_reply_text(request, 400, PK_STR("everywhere is 1, or is not there.\n"));
	} else if (front_session(front, request, &session)) {
		end_session(front, request, &session, everywhere);
	} else {
		reply_signed_out(front, request, PK_STR(""));
	}
}
