/*
 * State, session and user: from the authorize request to the callback (RFC 6749 4.1.2, 10.12, RFC
 * 9207). What the client's own server keeps is not in a capture; its cookies are.
 */
#include "explain/rule.h"
#include "explain/words.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

#define STATE_WEAK 16    /* characters; 96 bits as base64url, and nobody makes fewer on purpose */
#define STATE_DISTINCT 8 /* different characters that a random text of that length has at least */
#define LOGIN_SECONDS 600.0 /* an hour-glass that most clients use: ten minutes */

static struct pk_str sent_state(const struct flow *flow)
{
	return flow_value(&flow->authorize, "state");
}

static struct pk_str returned_state(const struct flow *flow)
{
	return flow_value(&flow->callback, "state");
}

/* What a client stored may be of another login of the same capture. */
static bool is_of_another_callback(const struct flow *flow, struct pk_str state)
{
	for (size_t i = 0; i < flow->capture->count; i++)
		if ((int)i != flow->callback.index &&
		    flow->part[i].event->kind == PK_EVENT_CALLBACK &&
		    pk_str_equal(flow_value(&flow->part[i], "state"), state))
			return true;
	return false;
}

/* What the callback's state is held against: what was sent, or what the client says that it stored. */
static struct pk_str expected_state(const struct flow *flow)
{
	const struct pk_str stored = flow->capture->stored_state;

	if (sent_state(flow).len)
		return sent_state(flow);
	return is_of_another_callback(flow, stored) ? (struct pk_str){0} : stored;
}

static enum verdict look_missing(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->authorize.event && !flow->callback.event)
		return NOT_VISIBLE;
	if (flow->authorize.event && !sent_state(flow).len) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->authorize, "state", (struct pk_str){0},
		     PK_STR("128 random bits"));
		return PRESENT;
	}
	if (flow->callback.event && !returned_state(flow).len) {
		finding->confidence = PK_PROVED;
		show_secret(finding, &flow->callback, "state", (struct pk_str){0},
			    expected_state(flow));
		return PRESENT;
	}
	return ABSENT;
}

static size_t count_distinct(struct pk_str text)
{
	bool seen[256] = {false};
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		count += !seen[(unsigned char)text.ptr[i]];
		seen[(unsigned char)text.ptr[i]] = true;
	}
	return count;
}

/* A weakness, not a cause: it is named when nothing else is, and by its length alone. */
static enum verdict look_too_weak(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str state = sent_state(flow);

	if (!flow->authorize.event || !state.len)
		return NOT_VISIBLE;
	if (state.len >= STATE_WEAK && count_distinct(state) >= STATE_DISTINCT)
		return ABSENT;
	finding->confidence =
		words_on(flow, "state-too-weak", NULL) == WORDS_NAME ? PK_LIKELY : PK_POSSIBLE;
	finding->detail = flow_text(flow, "It has %zu characters, %zu of them different.",
				    state.len, count_distinct(state));
	show_secret(finding, &flow->authorize, "state", state,
		    PK_STR("22 characters or more of base64url, from a cryptographic source"));
	return PRESENT;
}

/* How the state that came back came to be what it is; NULL when nothing relates it to the one that was sent. */
static const char *alteration(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	const struct flow_param *raw = flow_param(&flow->callback, "state");

	if (pk_str_equal(flow_decode(flow->arena, sent), returned))
		return "it was decoded once more than it was encoded";
	if (pk_str_equal(flow_decode(flow->arena, returned), sent))
		return "it was encoded once more than it is decoded";
	if (raw && pk_str_equal(raw->raw, sent))
		return "it was put into the URL without being encoded";
	if (returned.len < sent.len && pk_str_starts(sent, returned))
		return "its end is missing";
	if (sent.len < returned.len && pk_str_starts(returned, sent))
		return "something was added to its end";
	if (sent.len == returned.len && strncasecmp(sent.ptr, returned.ptr, sent.len) == 0)
		return "its letters changed case";
	return NULL;
}

static enum verdict look_altered(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str sent = expected_state(flow), returned = returned_state(flow);
	const char *how;

	if (!sent.len || !returned.len)
		return NOT_VISIBLE;
	if (pk_str_equal(sent, returned))
		return ABSENT;
	how = alteration(flow, sent, returned);
	if (!how)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail =
		flow_text(flow, "Between the authorize request and the callback %s.", how);
	show_secret(finding, &flow->callback, "state", returned, sent);
	return PRESENT;
}

static enum verdict look_mismatch(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str sent = expected_state(flow), returned = returned_state(flow);

	if (!sent.len || !returned.len)
		return NOT_VISIBLE;
	if (pk_str_equal(sent, returned) || alteration(flow, sent, returned))
		return ABSENT;
	finding->confidence = PK_PROVED;
	for (size_t i = 0; i < flow->capture->count; i++)
		if ((int)i != flow->authorize.index &&
		    flow->part[i].event->kind == PK_EVENT_AUTHORIZE &&
		    pk_str_equal(flow_value(&flow->part[i], "state"), returned))
			finding->detail =
				flow_text(flow, "It is the state of another login, event %zu.", i);
	show_secret(finding, &flow->callback, "state", returned, sent);
	return PRESENT;
}

/* ---- The client's cookie ---- */

/* The name of the cookie that a Set-Cookie header sets. */
static struct pk_str cookie_name(struct pk_str set_cookie)
{
	return pk_str_trim(pk_str_first(set_cookie, pk_str_find(set_cookie, '=')));
}

static bool sends_cookie(const struct pk_message *request, struct pk_str name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct pk_str left = request->header[i].value;

		if (request->header[i].name.len != 6 ||
		    strncasecmp(request->header[i].name.ptr, "cookie", 6) != 0)
			continue;
		while (left.ptr)
			if (pk_str_equal(cookie_name(pk_str_trim(pk_str_cut(&left, ';'))), name))
				return true;
	}
	return false;
}

/* The answer that sent the browser away: the client's own, which leads to the authorize URL, and sets its cookie. */
static const struct pk_message *starting_reply(const struct flow *flow)
{
	for (int i = flow->callback.index - 1; i >= 0; i--) {
		const struct pk_event *event = flow->part[i].event;
		const struct pk_str location = flow_header(&event->reply, "Location");

		if (event->kind == PK_EVENT_OTHER && location.len && sent_state(flow).len &&
		    memmem(location.ptr, location.len, "state=", 6) &&
		    flow_header(&event->reply, "Set-Cookie").len)
			return &event->reply;
	}
	if (flow->authorize.event && flow_header(&flow->authorize.event->reply, "Set-Cookie").len &&
	    pk_str_equal(flow->authorize.host, flow->callback.host))
		return &flow->authorize.event->reply;
	return NULL;
}

static enum verdict look_cookie_lost(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_message *reply;

	if (!flow->callback.event)
		return NOT_VISIBLE;
	reply = starting_reply(flow);
	if (!reply)
		return NOT_VISIBLE;
	for (size_t i = 0; i < reply->header_count; i++) {
		const struct pk_str set = reply->header[i].value;

		if (reply->header[i].name.len != 10 ||
		    strncasecmp(reply->header[i].name.ptr, "set-cookie", 10) != 0)
			continue;
		if (sends_cookie(&flow->callback.event->request, cookie_name(set)))
			return ABSENT;
	}
	finding->confidence = PK_PROVED;
	if (pk_str_equal(flow->callback.event->request.method, PK_STR("POST")))
		finding->detail = PK_STR("The callback is a POST from another site, and a cookie "
					 "with SameSite=Lax or Strict stays at home then.");
	show(finding, &flow->callback, "Cookie",
	     flow_header(&flow->callback.event->request, "Cookie"),
	     cookie_name(flow_header(reply, "Set-Cookie")));
	return PRESENT;
}

/* What only the client knows, and says: in the answer to its callback, as the fault id or in its own words. */
static enum verdict look_said_by_client(const struct flow *flow, struct pk_finding *finding,
					const char *fault)
{
	struct pk_str body;

	if (!flow->callback.event || !flow->callback.event->reply.present)
		return NOT_VISIBLE;
	body = flow->callback.event->reply.body;
	if (flow->callback.event->reply.status < 400 ||
	    !memmem(body.ptr, body.len, fault, strlen(fault)))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	show(finding, &flow->callback, "reply", pk_str(fault), (struct pk_str){0});
	return PRESENT;
}

static enum verdict look_cookie_unreadable(const struct flow *flow, struct pk_finding *finding)
{
	return look_said_by_client(flow, finding, "login-cookie-unreadable");
}

static enum verdict look_login_unknown(const struct flow *flow, struct pk_finding *finding)
{
	return look_said_by_client(flow, finding, "login-unknown");
}

static enum verdict look_took_too_long(const struct flow *flow, struct pk_finding *finding)
{
	double seconds;

	if (look_said_by_client(flow, finding, "login-took-too-long") == PRESENT)
		return PRESENT;
	if (!flow->authorize.event || !flow->callback.event || flow->authorize.event->at < 0 ||
	    flow->callback.event->at < 0)
		return NOT_VISIBLE;
	seconds = flow->callback.event->at - flow->authorize.event->at;
	/* Without a word from the client it is only a guess, and none at all when the login went on. */
	if (seconds < LOGIN_SECONDS || flow->token.event ||
	    flow->callback.event->reply.status < 400)
		return ABSENT;
	finding->confidence = PK_LIKELY;
	finding->detail = flow_text(flow,
				    "The callback came %.0f seconds after the authorize request, "
				    "and the client refused it.",
				    seconds);
	show(finding, &flow->callback, "at", flow_text(flow, "%.0f s", seconds),
	     (struct pk_str){0});
	return PRESENT;
}

/* ---- The user and the provider ---- */

static enum verdict look_user_denied(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->callback.event)
		return NOT_VISIBLE;
	if (!pk_str_equal(flow->callback_error.error, PK_STR("access_denied")))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->callback, "error", PK_STR("access_denied"), (struct pk_str){0});
	return PRESENT;
}

/* Scopes in whatever separator; an empty list where there are none. */
static void split_scopes(struct pk_str text, struct pk_list *ret)
{
	*ret = (struct pk_list){0};
	while (text.len) {
		size_t len = 0;

		while (len < text.len && text.ptr[len] != ' ' && text.ptr[len] != ',' &&
		       text.ptr[len] != '+')
			len++;
		if (len && pk_list_add(ret, pk_str_first(text, len)) != PK_OK)
			return;
		text = pk_str_from(text, len + 1);
	}
}

/* What was granted: in the callback where the dialect says it there, else in the reply. */
static struct pk_str granted_scopes(const struct flow *flow, const struct flow_part **ret_part)
{
	const struct pk_str name =
		flow->dialect ? flow->dialect->callback_scope_parameter : PK_STR("scopes");

	*ret_part = &flow->callback;
	for (size_t i = 0; i < flow->callback.count && name.len; i++)
		if (pk_str_equal(flow->callback.param[i].name, name))
			return flow->callback.param[i].value;
	*ret_part = &flow->token;
	return flow->reply.scope;
}

static enum verdict look_scope_not_granted(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *part;
	const struct pk_str granted_text = granted_scopes(flow, &part);
	struct pk_list asked, granted;

	split_scopes(flow_value(&flow->authorize, "scope"), &asked);
	split_scopes(granted_text, &granted);
	if (!asked.count || !granted_text.len || flow->refresh.event)
		return NOT_VISIBLE;
	for (size_t i = 0; i < asked.count; i++) {
		if (pk_list_has(&granted, asked.item[i]))
			continue;
		finding->confidence = PK_PROVED;
		finding->detail = flow_text(flow, "%.*s was asked for and not granted.",
					    PK_ARG(pk_str_first(asked.item[i], 80)));
		show(finding, part, "scope", granted_text, flow_value(&flow->authorize, "scope"));
		return PRESENT;
	}
	return ABSENT;
}

static enum verdict look_issuer_mismatch(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_param *iss = flow_param(&flow->callback, "iss");
	const struct pk_str expected = flow->dialect ? flow->dialect->issuer : PK_STR("");
	struct pk_str host;

	if (!flow->callback.event || !iss)
		return NOT_VISIBLE;
	if (expected.len) {
		if (pk_str_equal(iss->value, expected))
			return ABSENT;
		finding->confidence = PK_PROVED;
		show(finding, &flow->callback, "iss", iss->value, expected);
		return PRESENT;
	}
	/* RFC 9207 2: an issuer is an https URL of the server; another host than the one asked is another server. */
	if (!flow->authorize.event || !flow->authorize.host.len)
		return NOT_VISIBLE;
	host = iss->value;
	(void)pk_str_cut(&host, '/');
	(void)pk_str_cut(&host, '/');
	host = pk_str_first(host, pk_str_find(host, '/'));
	if (pk_str_equal(host, flow->authorize.host))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	show(finding, &flow->callback, "iss", iss->value, flow->authorize.host);
	return PRESENT;
}

/* The last resort: the provider said why, and nothing else was found. explain.c puts it behind what is better known. */
static enum verdict look_provider_error(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_reply *const replies[] = {&flow->reply, &flow->callback_error,
						    &flow->authorize_error};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (!replies[i]->visible || replies[i]->success ||
		    (!replies[i]->error.len && !replies[i]->text.len) ||
		    pk_str_equal(replies[i]->error, PK_STR("access_denied")))
			continue;
		finding->confidence = PK_POSSIBLE;
		if (replies[i]->error.len)
			show(finding,
			     i == 0   ? &flow->token
			     : i == 1 ? &flow->callback
				      : &flow->authorize,
			     "error", replies[i]->error, (struct pk_str){0});
		if (replies[i]->text.len)
			show(finding,
			     i == 0   ? &flow->token
			     : i == 1 ? &flow->callback
				      : &flow->authorize,
			     "error_description", replies[i]->text, (struct pk_str){0});
		return PRESENT;
	}
	return flow->reply.visible || flow->callback.event ? ABSENT : NOT_VISIBLE;
}

const struct rule rules_state[] = {
	{"login-cookie-lost", look_cookie_lost, false},
	{"login-cookie-unreadable", look_cookie_unreadable, false},
	{"login-unknown", look_login_unknown, false},
	{"login-took-too-long", look_took_too_long, false},
	{"issuer-mismatch", look_issuer_mismatch, true},
	{"state-missing", look_missing, true},
	{"state-altered", look_altered, true},
	{"state-mismatch", look_mismatch, true},
	{"user-denied", look_user_denied, false},
	{"scope-not-granted", look_scope_not_granted, true},
	{"state-too-weak", look_too_weak, true},
	{"provider-error", look_provider_error, false},
	{NULL, NULL, false},
};
