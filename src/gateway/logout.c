/*
 * POST /logout: ends the session here and has the provider forget the tokens where it can. Refuses
 * what another site makes a browser send: a browser tells where a POST comes from, and a POST that
 * does not tell is none of a browser's.
 */
#include "base/text.h"
#include "gateway/ask.h"
#include "gateway/log.h"
#include "gateway/pages.h"

static bool is_same_origin(const struct front *front, const struct http_request *request)
{
	const struct pk_str origin = http_header(request, "Origin");

	if (origin.len)
		return pk_str_equal(origin, front->settings->public_url);
	return pk_str_equal(http_header(request, "Sec-Fetch-Site"), PK_STR("same-origin"));
}

static void reply_signed_out(struct front *front, struct http_request *request)
{
	char memory[512];
	struct pk_buf home = pk_buf(memory, sizeof(memory));

	front_set_cookie(front, request, front->session_cookie, PK_STR(""), 0);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	pk_buf_put(&home, front->settings->public_url);
	pk_buf_char(&home, '/');
	http_redirect(request, 303, pk_buf_str(&home));
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
	(void)context;
	if (!answer || !message_number(answer) || !message_done(answer)) {
		reply_failed(request);
		return;
	}
	metrics_count(front->metrics, METRIC_SESSIONS_ENDED);
	reply_signed_out(front, request);
}

static void end_session(struct front *front, struct http_request *request,
			const struct session *session)
{
	char memory[1024];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	keeper_link_begin(front->keeper, CALL_LOGOUT, &message);
	message_put_str(&message, (struct pk_str){(const char *)session->id, sizeof(session->id)});
	message_put_number(&message, (uint64_t)session->expires_at);
	message_put_str(&message, session->login);
	message_put_str(&message, session->subject);
	if (!ask_keeper(front, request, &message, on_answer, NULL))
		reply_failed(request);
}

void handle_logout(struct front *front, struct http_request *request, struct pk_str rest)
{
	struct session session;

	(void)rest;
	if (!is_same_origin(front, request)) {
		log_text("warn", "logout.refused", "a request from another site");
		page_reply_text(
			request, 403,
			PK_STR("Signing out is possible from this site's own pages only.\n"));
		return;
	}
	if (front_session(front, request, &session))
		end_session(front, request, &session);
	else
		reply_signed_out(front, request);
}
