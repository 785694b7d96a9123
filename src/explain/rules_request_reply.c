/*
 * The reply: whether it is one of OAuth at all (RFC 6749 5.1, 5.2), and whether the client could
 * read it. That a client misread a reply shows in what it did next; a form that the dialect does
 * not know is named without it.
 */
#include "explain/rules_request.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

static const struct pk_str nothing;

/* ---- Misread ---- */

/* A client that found no token sends what its language calls nothing. */
static bool is_token_of_nothing(struct pk_str authorization)
{
	static const char *const words[] = {"undefined", "null", "None", "nil", "[object Object]"};
	struct pk_str token;

	if (authorization.len < 6 || strncasecmp(authorization.ptr, "Bearer", 6) != 0)
		return false;
	token = pk_str_trim(pk_str_from(authorization, 6));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pk_str_equal(token, pk_str(words[i])))
			return true;
	return !token.len;
}

/* The event after the reply that shows that the client did not find the token in it, or NULL. */
static const struct flow_part *sent_nothing(const struct flow *flow, const struct flow_part *asked)
{
	for (size_t i = (size_t)asked->index + 1; i < flow->capture->count; i++)
		if (is_token_of_nothing(
			    flow_header(&flow->part[i].event->request, "Authorization")))
			return &flow->part[i];
	return NULL;
}

/* The same code again after a reply that gave tokens: they were not found. */
static bool came_again(const struct flow *flow, const struct flow_part *part)
{
	const struct pk_str code = flow_value(part, "code");

	for (size_t i = (size_t)part->index + 1; i < flow->capture->count && code.len; i++)
		if (flow->part[i].event->kind == PK_EVENT_TOKEN &&
		    pk_str_equal(flow_value(&flow->part[i], "code"), code))
			return true;
	return false;
}

/* The dialect says that replies are forms; where they are what the client accepts, one that asks for
 * JSON gets it. */
static bool is_form_wanted(const struct flow *flow)
{
	return flow->dialect && flow->dialect->token_reply == PK_BODY_FORM;
}

static bool says_no_with_200(const struct pk_dialect *dialect)
{
	bool says = dialect->error_status == 200 || dialect->ok_at.len;

	for (size_t i = 0; i < dialect->refusal_count; i++)
		says |= dialect->refusal[i].status == 200;
	return says;
}

/* Odd, and yet as this provider always answers: a fault only of a client that shows that it did not
 * know. */
static bool is_its_way(const struct flow *flow, const struct flow_reply *reply)
{
	const struct pk_dialect *dialect = flow->dialect;

	if (!dialect)
		return false;
	if (!reply->success)
		return reply->error.len && says_no_with_200(dialect);
	return (reply->nested && dialect->token_reply_at.len) ||
	       (reply->form && dialect->token_reply == PK_BODY_ACCEPT);
}

/* Where an ordinary reader does not look; NULL when it has all that it needs. */
static const char *oddity(const struct flow *flow, const struct flow_reply *reply)
{
	const bool ok = reply->status / 100 == 2;

	if (reply->success && reply->nested)
		return "The tokens are not at the top of the reply.";
	if (reply->success && reply->form && !is_form_wanted(flow))
		return "The reply is a form, not JSON.";
	if (reply->success && !reply->form && is_form_wanted(flow))
		return "The reply is JSON, not a form.";
	if (ok && reply->error.len)
		return "The error came with HTTP 200; who looks at the status alone takes it for "
		       "success.";
	if (ok && !reply->success && !reply->html && !reply->empty)
		return "There is no access_token in the reply.";
	return NULL;
}

/* The last token request whose reply is odd, and how; NULL without one. */
static const struct flow_part *find_odd(const struct flow *flow, struct flow_reply *ret_reply,
					const char **ret)
{
	for (size_t i = flow->capture->count; i-- > 0;) {
		const struct flow_part *part = &flow->part[i];

		if (!flow->replies[i].visible || (int)i == flow->revoke.index)
			continue;
		*ret_reply = flow->replies[i];
		*ret = oddity(flow, ret_reply);
		if (*ret)
			return part;
	}
	return NULL;
}

enum verdict look_reply_misread(const struct flow *flow, struct pk_finding *finding)
{
	struct flow_reply reply;
	const char *how = NULL;
	const struct flow_part *part, *after;

	if (!flow->reply.visible || !flow_asked(flow))
		return NOT_VISIBLE;
	part = find_odd(flow, &reply, &how);
	if (!part)
		return ABSENT;
	after = sent_nothing(flow, part);
	if (after || (!reply.success && !reply.error.len))
		finding->confidence = PK_PROVED;
	else if (is_its_way(flow, &reply) && !came_again(flow, part))
		return ABSENT;
	else if (reply.success && (flow->dialect || came_again(flow, part)))
		finding->confidence = PK_LIKELY;
	else if (reply.error.len)
		finding->confidence = PK_POSSIBLE;
	else
		return ABSENT; /* such is its way, and nothing says that it was misread */
	finding->detail = pk_str(how);
	show(finding, part, "HTTP status", flow_text(flow, "%d", reply.status), nothing);
	if (reply.error.len)
		show(finding, part, "error", reply.error, nothing);
	if (after)
		show(finding, after, "Authorization",
		     pk_str_first(flow_header(&after->event->request, "Authorization"), 32),
		     nothing);
	return PRESENT;
}

/* ---- No reply of OAuth ---- */

enum verdict look_reply_not_oauth(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow->emptied ? flow->emptied : flow_asked(flow);
	const int status = flow->reply.status;
	struct pk_finding other = {0};
	struct pk_str type;

	if (!flow->reply.visible || !asked || !status)
		return NOT_VISIBLE;
	if (asked == &flow->revoke && status / 100 == 2)
		return ABSENT;
	if (!flow->reply.html && !flow->reply.empty)
		return ABSENT;
	if (status >= 500 || status == 429)
		return ABSENT; /* whatever is in it: the status says more */
	if (flow->reply.empty && look_post_became_get(flow, &other) == PRESENT)
		return ABSENT;
	/* A server of OAuth may say so of another path or method; and nothing at all it may say of
	 * anything. */
	finding->confidence =
		flow->reply.empty || status == 404 || status == 405 ? PK_LIKELY : PK_PROVED;
	type = flow_header(&asked->event->reply, "Content-Type");
	finding->detail = flow_text(flow, "HTTP %d, %s.", status,
				    flow->reply.empty ? "and nothing in it"
						      : "and neither JSON nor a form in it");
	show(finding, asked, "Content-Type", type, PK_STR("application/json"));
	return PRESENT;
}
