/*
 * What the client keeps of a login under way, in a cookie or in its own memory. Of the cookie a
 * capture shows how it was set and whether it came back (RFC 6265); of the rest only what the
 * client says of it, in the answer to its callback.
 */
#include "explain/rules_state.h"
#include "explain/words.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

#define LOGIN_SECONDS 600.0 /* which most clients give a login; some give more, few give less */

static bool is_named(struct pk_str name, const char *wanted)
{
	return name.len == strlen(wanted) && strncasecmp(name.ptr, wanted, name.len) == 0;
}

static bool has_text(struct pk_str text, const char *part)
{
	return text.ptr && memmem(text.ptr, text.len, part, strlen(part));
}

/* ---- How the cookie was set ---- */

/* The answer that began the login and set its cookie. */
struct start {
	const struct flow_part *part; /* NULL: not in the capture */
	struct pk_str cookie;         /* the Set-Cookie header that is looked at */
};

static struct pk_str cookie_name(struct pk_str cookie)
{
	return pk_str_trim(pk_str_first(cookie, pk_str_find(cookie, '=')));
}

/* An attribute of a Set-Cookie header: "not given" without it, empty where it has no value. */
static struct pk_str attribute(struct pk_str cookie, const char *name)
{
	(void)pk_str_cut(&cookie, ';');
	while (cookie.ptr) {
		struct pk_str value = pk_str_trim(pk_str_cut(&cookie, ';'));

		if (is_named(pk_str_trim(pk_str_cut(&value, '=')), name))
			return value.ptr ? pk_str_trim(value) : PK_STR("");
	}
	return (struct pk_str){0};
}

/* It takes a cookie away instead of setting one. */
static bool is_removal(struct pk_str cookie)
{
	struct pk_str value = cookie;
	const struct pk_str age = attribute(cookie, "Max-Age");

	(void)pk_str_cut(&value, '=');
	value = pk_str_trim(pk_str_cut(&value, ';'));
	return !value.len || pk_str_equal(age, PK_STR("0")) || pk_str_starts(age, PK_STR("-"));
}

static bool comes_back(const struct pk_message *request, struct pk_str name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct pk_str left = request->header[i].value;

		if (!is_named(request->header[i].name, "Cookie"))
			continue;
		while (left.ptr)
			if (pk_str_equal(cookie_name(pk_str_cut(&left, ';')), name))
				return true;
	}
	return false;
}

/* The client's own answer: it leads to the authorize URL of this login. Where client and provider
 * are one host, the authorize request itself may be it. */
static const struct flow_part *find_start(const struct flow *flow)
{
	const struct flow_param *state = flow_param(&flow->authorize, "state");

	for (int i = flow->callback.index - 1; i >= 0 && state && state->raw.len; i--) {
		const struct flow_part *part = &flow->part[i];
		const struct pk_str location = flow_header(&part->event->reply, "Location");

		if (i != flow->authorize.index && location.len &&
		    memmem(location.ptr, location.len, state->raw.ptr, state->raw.len) &&
		    flow_header(&part->event->reply, "Set-Cookie").len)
			return part;
	}
	if (flow->authorize.event && pk_str_equal(flow->authorize.host, flow->callback.host) &&
	    flow_header(&flow->authorize.event->reply, "Set-Cookie").len)
		return &flow->authorize;
	return NULL;
}

/* A cookie that the start set and that did not come back; an empty one where all that was set is
 * there. `part` is NULL where that cannot be seen. */
static struct start find_lost(const struct flow *flow)
{
	struct start start = {0};
	const struct pk_message *reply;

	/* A request without any header was captured without them. */
	if (!flow->callback.event || !flow->callback.event->request.header_count)
		return start;
	start.part = find_start(flow);
	if (!start.part)
		return start;
	reply = &start.part->event->reply;
	for (size_t i = 0; i < reply->header_count; i++) {
		const struct pk_str cookie = reply->header[i].value;

		if (!is_named(reply->header[i].name, "Set-Cookie") || is_removal(cookie))
			continue;
		if (comes_back(&flow->callback.event->request, cookie_name(cookie)))
			return (struct start){.part = start.part};
		start.cookie = start.cookie.len ? start.cookie : cookie;
	}
	return start;
}

/* ---- Why it did not come back ---- */

static struct pk_str without_port(struct pk_str host)
{
	return pk_str_first(host, pk_str_find(host, ':'));
}

static bool is_loopback(struct pk_str host)
{
	host = without_port(host);
	return pk_str_equal(host, PK_STR("localhost")) || pk_str_equal(host, PK_STR("127.0.0.1"));
}

static bool covers_host(const struct start *start, struct pk_str host)
{
	struct pk_str domain = attribute(start->cookie, "Domain");

	if (!domain.len)
		return pk_str_equal(without_port(start->part->host), host);
	if (domain.ptr[0] == '.')
		domain = pk_str_from(domain, 1);
	return pk_str_equal(host, domain) ||
	       (pk_str_ends(host, domain) && host.ptr[host.len - domain.len - 1] == '.');
}

static struct pk_str why_lost(const struct flow *flow, const struct start *start)
{
	const struct pk_message *callback = &flow->callback.event->request;
	const struct pk_str host = without_port(flow->callback.host);
	const struct pk_str same_site = attribute(start->cookie, "SameSite");
	const struct pk_str path = attribute(start->cookie, "Path");
	const bool secure = attribute(start->cookie, "Secure").ptr;

	if (host.len && start->part->host.len && !covers_host(start, host))
		return flow_text(flow, "It was set by %.*s, and the callback came to %.*s.",
				 PK_ARG(pk_str_first(start->part->host, 100)),
				 PK_ARG(pk_str_first(flow->callback.host, 100)));
	if (secure && pk_str_starts(callback->url, PK_STR("http:")) && !is_loopback(host))
		return PK_STR("It is Secure, and the callback came over http.");
	if (is_named(same_site, "None") && !secure)
		return PK_STR("SameSite=None without Secure: browsers refuse such a cookie.");
	if (pk_str_equal(callback->method, PK_STR("POST")) && !is_named(same_site, "None"))
		return PK_STR("The callback is a POST from another site; only a cookie with "
			      "SameSite=None comes along then.");
	if (is_named(same_site, "Strict"))
		return PK_STR("The browser comes from another site; a cookie with "
			      "SameSite=Strict does not come along then.");
	if (path.len && path.ptr[0] == '/' && !pk_str_starts(flow->callback.path, path))
		return flow_text(flow, "It is for %.*s, and the callback is not below that.",
				 PK_ARG(pk_str_first(path, 100)));
	return (struct pk_str){0};
}

/* ---- What the client says ---- */

/* Words that clients answer a callback with, or log it with, and the faults they mean. */
static const struct {
	const char *fault;
	const char *words;
} client_words[] = {
	{"login-cookie-lost", "login-cookie-lost"},
	{"login-cookie-lost", "Correlation failed"},
	{"login-cookie-lost", "Unable to find a valid CSRF token"},
	{"login-cookie-unreadable", "login-cookie-unreadable"},
	{"login-cookie-unreadable", "Unable to unprotect the message.State"},
	{"login-cookie-unreadable", "securecookie: the value is not valid"},
	{"login-unknown", "login-unknown"},
	{"login-unknown", "authorization_request_not_found"},
	{"login-took-too-long", "login-took-too-long"},
};

static bool is_refused(const struct flow *flow)
{
	return flow->callback.event && flow->callback.event->reply.status >= 400;
}

/* Shows the client's words for this fault. */
static bool client_says(const struct flow *flow, const char *fault, struct pk_finding *finding)
{
	const struct pk_message *reply;

	if (!flow->callback.event)
		return false;
	reply = &flow->callback.event->reply;
	for (size_t i = 0; i < sizeof(client_words) / sizeof(client_words[0]); i++) {
		const char *words = client_words[i].words;

		if (strcmp(client_words[i].fault, fault) != 0 ||
		    (!(is_refused(flow) && has_text(reply->body, words)) &&
		     !has_text(flow_header(reply, "Location"), words)))
			continue;
		show(finding, &flow->callback, "reply", pk_str(words), (struct pk_str){0});
		return true;
	}
	return false;
}

/* ---- The rules ---- */

static double seconds_taken(const struct flow *flow)
{
	if (!flow->authorize.event || !flow->callback.event || flow->authorize.event->at < 0 ||
	    flow->callback.event->at < 0)
		return -1;
	return flow->callback.event->at - flow->authorize.event->at;
}

/* The lost cookie was set for fewer seconds than the login took. */
static bool has_run_out(const struct flow *flow, const struct start *lost)
{
	int64_t age;

	return lost->cookie.len &&
	       pk_str_number(attribute(lost->cookie, "Max-Age"), INT32_MAX, &age) &&
	       seconds_taken(flow) > (double)age;
}

enum verdict look_took_too_long(const struct flow *flow, struct pk_finding *finding)
{
	const struct start lost = find_lost(flow);
	const double seconds = seconds_taken(flow);
	const bool too_old = state_stopped_there(flow) && has_run_out(flow, &lost);
	const bool said = client_says(flow, "login-took-too-long", finding);
	enum words words;

	if (!flow->callback.event)
		return NOT_VISIBLE;
	words = said ? WORDS_SILENT : words_show(flow, "login-took-too-long", finding);
	if (!too_old && !said && words == WORDS_SILENT) {
		if (seconds < 0)
			return NOT_VISIBLE;
		/* Without a word it is a guess, and none at all where the client gave no refusal. */
		if (seconds < LOGIN_SECONDS || !state_stopped_there(flow) || !is_refused(flow))
			return ABSENT;
	}
	finding->confidence = too_old ? PK_PROVED : PK_LIKELY;
	if (seconds >= 0)
		finding->detail = flow_text(
			flow, "The callback came %.0f seconds after the authorize request.",
			seconds);
	if (too_old)
		show(finding, &flow->callback, "Cookie",
		     flow_header(&flow->callback.event->request, "Cookie"),
		     cookie_name(lost.cookie));
	else if (!finding->evidence_count)
		show(finding, &flow->callback, "at", flow_text(flow, "%.0f s", seconds),
		     (struct pk_str){0});
	return PRESENT;
}

enum verdict look_cookie_lost(const struct flow *flow, struct pk_finding *finding)
{
	const struct start lost = find_lost(flow);

	/* A client that still had the verifier had what it kept. */
	if (!state_stopped_there(flow) && (!flow->token.event || flow->relation.found))
		return flow->callback.event ? ABSENT : NOT_VISIBLE;
	if (lost.cookie.len && !has_run_out(flow, &lost)) {
		finding->confidence = PK_PROVED;
		finding->detail = why_lost(flow, &lost);
		show(finding, &flow->callback, "Cookie",
		     flow_header(&flow->callback.event->request, "Cookie"),
		     cookie_name(lost.cookie));
		show(finding, lost.part, "Set-Cookie", cookie_name(lost.cookie),
		     (struct pk_str){0});
		return PRESENT;
	}
	if (client_says(flow, "login-cookie-lost", finding)) {
		finding->confidence = PK_LIKELY;
		return PRESENT;
	}
	return lost.part ? ABSENT : NOT_VISIBLE;
}

enum verdict look_cookie_unreadable(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->callback.event || !flow->callback.event->reply.present)
		return NOT_VISIBLE;
	/* What did not come cannot be unreadable. */
	if (find_lost(flow).cookie.len || !client_says(flow, "login-cookie-unreadable", finding))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	return PRESENT;
}

/* An earlier callback with this state that got its tokens: the login is over; or NULL. */
static const struct flow_part *finished_before(const struct flow *flow)
{
	const struct pk_str state = flow_value(&flow->callback, "state");

	for (int i = 0; i < flow->callback.index && state.len; i++) {
		const struct flow_part *part = &flow->part[i];

		if (part->event->kind == PK_EVENT_CALLBACK &&
		    pk_str_equal(flow_value(part, "state"), state) &&
		    flow_value(part, "code").len && part->event->reply.status < 400)
			return part;
	}
	return NULL;
}

enum verdict look_login_unknown(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *before;

	if (!flow->callback.event || !flow->callback.event->reply.present)
		return NOT_VISIBLE;
	before = finished_before(flow);
	if (!client_says(flow, "login-unknown", finding) &&
	    (!before || !is_refused(flow) || !state_stopped_there(flow)))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	if (before) {
		finding->detail =
			flow_text(flow, "The callback of this login came before, in event %d.",
				  before->index);
		show_secret(finding, &flow->callback, "state", flow_value(&flow->callback, "state"),
			    (struct pk_str){0});
	}
	return PRESENT;
}
