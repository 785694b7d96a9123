/*
 * Taking an attempt apart: which events of a capture belong to it, what its parameters are, how the
 * provider answered. It decides nothing about right or wrong. A capture is hostile input: whatever
 * cannot be decoded stays as it was sent.
 */
#include "explain/flow.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "explain/flow_id_token.h"
#include "explain/flow_reply.h"
#include "explain/flow_provider.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PARAMS_MAX 256

/* ---- Parameters ---- */

struct pk_str flow_decode(struct pk_arena *arena, struct pk_str raw)
{
	struct pk_buf out = pk_arena_open(arena);
	struct pk_str decoded;

	if (!pk_form_decode(&out, raw) || pk_arena_close(arena, &out, &decoded) != PK_OK)
		return raw;
	return decoded;
}

static size_t count_params(struct pk_str text)
{
	size_t count = text.len ? 1 : 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '&';
	return count;
}

static size_t read_params(struct pk_arena *arena, struct pk_str text, bool in_query,
			  struct flow_param *ret, size_t max)
{
	size_t count = 0;

	while (text.ptr && count < max) {
		struct pk_str raw = pk_str_cut(&text, '&');
		const struct pk_str raw_name = pk_str_cut(&raw, '=');

		if (!raw_name.len && !raw.ptr)
			continue;
		if (!raw.ptr)
			raw = PK_STR("");
		ret[count++] = (struct flow_param){.raw_name = raw_name,
						   .raw = raw,
						   .name = flow_decode(arena, raw_name),
						   .value = flow_decode(arena, raw),
						   .in_query = in_query};
	}
	return count;
}

const struct flow_param *flow_param(const struct flow_part *part, const char *name)
{
	for (size_t i = 0; i < part->count; i++)
		if (pk_str_equal(part->param[i].name, pk_str(name)))
			return &part->param[i];
	return NULL;
}

struct pk_str flow_value(const struct flow_part *part, const char *name)
{
	const struct flow_param *param = flow_param(part, name);

	return param ? param->value : (struct pk_str){0};
}

struct pk_str flow_named(const struct flow_part *part, struct pk_str name)
{
	for (size_t i = 0; i < part->count && name.len; i++)
		if (pk_str_equal(part->param[i].name, name))
			return part->param[i].value;
	return (struct pk_str){0};
}

size_t flow_count(const struct flow_part *part, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < part->count; i++)
		count += pk_str_equal(part->param[i].name, pk_str(name));
	return count;
}

struct pk_str flow_header(const struct pk_message *message, const char *name)
{
	const struct pk_str wanted = pk_str(name);

	for (size_t i = 0; i < message->header_count; i++)
		if (message->header[i].name.len == wanted.len &&
		    strncasecmp(message->header[i].name.ptr, name, wanted.len) == 0)
			return message->header[i].value;
	return (struct pk_str){0};
}

struct pk_str flow_client_id(const struct flow *flow, const struct flow_part *part)
{
	static const char *const names[] = {"client_id", "client_key", "appid", "app_id"};

	if (flow->dialect) {
		const struct pk_str id = flow_named(part, flow->dialect->client_id_parameter);

		if (id.ptr)
			return id;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flow_param(part, names[i]))
			return flow_value(part, names[i]);
	return part->basic_id;
}

struct pk_str flow_scope(const struct flow *flow, const struct flow_part *part)
{
	const struct pk_str scope = flow->dialect ? flow_named(part, flow->dialect->scope_parameter)
						  : (struct pk_str){0};

	return scope.ptr ? scope : flow_value(part, "scope");
}

struct pk_str flow_text(const struct flow *flow, const char *format, ...)
{
	struct pk_buf out = pk_arena_open(flow->arena);
	struct pk_str text = {0};
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(out.ptr, out.cap, format, args);
	va_end(args);
	if (size < 0 || (size_t)size >= out.cap)
		return text;
	out.len = (size_t)size;
	return pk_arena_close(flow->arena, &out, &text) == PK_OK ? text : (struct pk_str){0};
}

/* ---- Parts ---- */

/* Host and path of a URL, as they stand in it; a target without a host has the Host header's. */
static void read_url(struct flow_part *part, const struct pk_message *request)
{
	struct pk_str url = pk_str_first(request->url, pk_str_find(request->url, '#'));
	struct pk_str rest = pk_str_first(url, pk_str_find(url, '?'));
	size_t scheme = 0;

	while (scheme + 3 <= rest.len && memcmp(rest.ptr + scheme, "://", 3) != 0)
		scheme++;
	if (scheme + 3 <= rest.len) {
		rest = pk_str_from(rest, scheme + 3);
		part->host = pk_str_first(rest, pk_str_find(rest, '/'));
		part->path = pk_str_from(rest, part->host.len);
	} else {
		part->host = flow_header(request, "Host");
		part->path = rest;
	}
}

static struct pk_str query_of(struct pk_str url)
{
	url = pk_str_first(url, pk_str_find(url, '#'));

	const size_t mark = pk_str_find(url, '?');

	return mark < url.len ? pk_str_from(url, mark + 1) : (struct pk_str){0};
}

/* "Basic " and the base64 of id:secret, each form-encoded (RFC 6749 2.3.1). */
static void read_basic(struct pk_arena *arena, struct flow_part *part, struct pk_str header)
{
	char plain_memory[2048];
	char text[2048];
	struct pk_str left;
	size_t size = 0, len = 0;

	if (header.len < 6 || strncasecmp(header.ptr, "basic", 5) != 0)
		return;
	part->basic = true;
	left = pk_str_trim(pk_str_from(header, 5));
	while (left.len && left.ptr[left.len - 1] == '=')
		left.len--;
	if (left.len >= sizeof(text))
		return;
	for (; len < left.len; len++)
		text[len] = left.ptr[len] == '+' ? '-' : left.ptr[len] == '/' ? '_' : left.ptr[len];
	if (!pk_base64url_decode((struct pk_str){text, len}, plain_memory, sizeof(plain_memory),
				 &size))
		return;

	struct pk_str secret = {plain_memory, size};
	const struct pk_str id = pk_str_cut(&secret, ':');

	if (!secret.ptr || pk_arena_copy(arena, id, &part->basic_raw_id) != PK_OK ||
	    pk_arena_copy(arena, secret, &part->basic_raw_secret) != PK_OK)
		return;
	part->basic_id = flow_decode(arena, part->basic_raw_id);
	part->basic_secret = flow_decode(arena, part->basic_raw_secret);
}

/* Whatever its Content-Type says: no form begins so. */
static bool is_json(struct pk_str body)
{
	body = pk_str_trim(body);
	return body.len && body.ptr[0] == '{';
}

/* Its parameters are not in a form; none is read rather than wrong ones. */
static bool is_multipart(struct pk_str content_type)
{
	return pk_str_starts(content_type, PK_STR("multipart/"));
}

static enum pk_err read_part(struct pk_arena *arena, const struct pk_capture *capture, int index,
			     struct flow_part *ret)
{
	const struct pk_event *event = &capture->event[index];
	const struct pk_str query = query_of(event->request.url);
	const struct pk_str body = event->request.body;
	size_t max = count_params(query) + count_params(body);
	struct flow_param *params;

	*ret = (struct flow_part){.event = event, .index = index};
	read_url(ret, &event->request);
	ret->content_type = flow_header(&event->request, "Content-Type");
	read_basic(arena, ret, flow_header(&event->request, "Authorization"));
	ret->json_body = is_json(body);
	if (max > PARAMS_MAX)
		max = PARAMS_MAX;
	params = pk_arena_take(arena, (max + FLOW_JSON_PARAMS) * sizeof(*params));
	if (!params)
		return PK_ERR_NO_SPACE;
	ret->count = read_params(arena, query, true, params, max);
	if (ret->json_body)
		ret->count += flow_json_params(arena, body, params + ret->count, FLOW_JSON_PARAMS);
	else if (!is_multipart(ret->content_type))
		ret->count +=
			read_params(arena, body, false, params + ret->count, max - ret->count);
	ret->param = params;
	return PK_OK;
}

/* ---- Which events belong together ---- */

/* All parts, in the order of the events. */
static enum pk_err read_parts(struct flow *flow)
{
	const struct pk_capture *capture = flow->capture;
	struct flow_part *parts = pk_arena_take(flow->arena, (capture->count + 1) * sizeof(*parts));

	if (!parts)
		return PK_ERR_NO_SPACE;
	for (size_t i = 0; i < capture->count; i++)
		TRY(read_part(flow->arena, capture, (int)i, &parts[i]));
	flow->part = parts;
	return PK_OK;
}

/* RFC 9126 2.1: a pushed request has what an authorize request would have, in its body. */
static bool is_pushed(const struct flow_part *part)
{
	return (part->event->kind == PK_EVENT_TOKEN || part->event->kind == PK_EVENT_OTHER) &&
	       part->event->request.body.len && flow_param(part, "response_type") &&
	       !flow_param(part, "grant_type");
}

/* RFC 7662 2.1: asking about a token is no part of a login. */
static bool is_introspection(const struct flow_part *part)
{
	return part->event->kind == PK_EVENT_TOKEN && flow_param(part, "token") && part->path.len &&
	       memmem(part->path.ptr, part->path.len, "introspect", 10);
}

static enum pk_event_kind kind_of(const struct flow_part *part)
{
	if (is_pushed(part))
		return PK_EVENT_AUTHORIZE;
	return is_introspection(part) ? PK_EVENT_OTHER : part->event->kind;
}

/* How a reply is read, the dialect says. */
static enum pk_err read_replies(struct flow *flow)
{
	const size_t count = flow->capture->count;
	struct flow_reply *replies = pk_arena_take(flow->arena, (count + 1) * sizeof(*replies));

	if (!replies)
		return PK_ERR_NO_SPACE;
	for (size_t i = 0; i < count; i++) {
		replies[i] = (struct flow_reply){.expires_in = PK_TIME_UNKNOWN};
		if (kind_of(&flow->part[i]) == PK_EVENT_TOKEN)
			flow_read_reply(flow, flow->part[i].event, &replies[i]);
	}
	flow->replies = replies;
	return PK_OK;
}

static bool is_grant_type(const struct flow_part *part, const char *type)
{
	return pk_str_equal(flow_value(part, "grant_type"), pk_str(type));
}

static bool is_revoke(const struct flow *flow, const struct flow_part *part)
{
	if (is_grant_type(part, "authorization_code") || is_grant_type(part, "refresh_token"))
		return false;
	if (flow->dialect && flow->dialect->revoke_url.len && part->path.len > 1 &&
	    (pk_str_ends(flow->dialect->revoke_url, part->path) ||
	     flow_is_endpoint(flow->dialect, flow->dialect->revoke_url, part->host, part->path)))
		return true;
	return !flow_param(part, "code") && !flow_param(part, "grant_type") &&
	       (flow_param(part, "token") ||
		(part->path.len >= 6 && memmem(part->path.ptr, part->path.len, "revo", 4)));
}

static bool is_refresh(const struct flow_part *part)
{
	return is_grant_type(part, "refresh_token") ||
	       (!flow_param(part, "code") && flow_param(part, "refresh_token"));
}

/* The client answered its callback with an error, and did not go on with the code of it. */
static bool is_refused(const struct flow *flow, const struct flow_part *callback)
{
	const struct pk_str code = flow_value(callback, "code");

	if (callback->event->reply.status < 400)
		return false;
	for (size_t i = 0; i < flow->capture->count; i++)
		if (kind_of(&flow->part[i]) == PK_EVENT_TOKEN && (int)i > callback->index &&
		    pk_str_equal(pk_str_first(flow_value(&flow->part[i], "code"), 12),
				 pk_str_first(code, 12)))
			return false;
	return true;
}

/* Whether provider or client said no to this event, as far as it can be seen. */
static bool says_no(const struct flow *flow, const struct flow_part *part)
{
	struct flow_reply reply;

	if (kind_of(part) == PK_EVENT_CALLBACK)
		return flow_param(part, "error") || is_refused(flow, part);
	flow_read_reply(flow, part->event, &reply);
	if (kind_of(part) == PK_EVENT_AUTHORIZE)
		return reply.visible && (reply.error.len || reply.status >= 400);
	/* RFC 7009 2.2: a revocation is answered with 200 and, as a rule, nothing more. */
	if (is_revoke(flow, part) && !reply.error.len && reply.status / 100 == 2)
		return false;
	return kind_of(part) == PK_EVENT_TOKEN && reply.visible && !reply.success &&
	       (reply.error.len || reply.html || reply.empty || reply.status >= 300);
}

/* The event that ends the attempt that is explained: the last that failed, else the last of all. */
static const struct flow_part *find_end(struct flow *flow)
{
	const struct flow_part *end = NULL;

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		const bool no = says_no(flow, part);

		if (kind_of(part) == PK_EVENT_OTHER)
			continue;
		if (no || !flow->failed) {
			flow->failed |= no;
			end = part;
		}
	}
	return end;
}

/* How sure it is that an earlier event is of the same attempt. */
enum likeness { UNLIKE, ALIKE, SAME };

/* Of the parts of that kind up to `end`, the one that is most like it; of several, the nearest. */
static const struct flow_part *find_before(
	const struct flow *flow, const struct flow_part *end, enum pk_event_kind kind,
	enum likeness (*compare)(const struct flow_part *candidate, const struct flow_part *end))
{
	const struct flow_part *best = NULL;
	enum likeness best_likeness = UNLIKE;

	for (int i = end->index; i >= 0; i--) {
		const struct flow_part *part = &flow->part[i];
		enum likeness likeness;

		if (kind_of(part) != kind)
			continue;
		likeness = compare(part, end);
		if (!best || likeness > best_likeness) {
			best = part;
			best_likeness = likeness;
		}
	}
	return best;
}

/* What was altered on its way mostly keeps its beginning; so does a token that begins with a header. */
static enum likeness compare_texts(struct pk_str a, struct pk_str b)
{
	if (!a.len || !b.len)
		return UNLIKE;
	if (pk_str_equal(a, b))
		return SAME;
	return pk_str_equal(pk_str_first(a, 12), pk_str_first(b, 12)) ? ALIKE : UNLIKE;
}

static enum likeness by_code(const struct flow_part *callback, const struct flow_part *token)
{
	return compare_texts(flow_value(callback, "code"), flow_value(token, "code"));
}

static enum likeness by_state(const struct flow_part *authorize, const struct flow_part *callback)
{
	return compare_texts(flow_value(authorize, "state"), flow_value(callback, "state"));
}

/* Without a callback between them, the pair tells which authorize request a token request is from. */
static enum likeness by_pair(const struct flow_part *authorize, const struct flow_part *token)
{
	return pk_relate(flow_value(token, "code_verifier"),
			 flow_value(authorize, "code_challenge"))
			       .found
		       ? SAME
		       : UNLIKE;
}

static void copy_part(struct flow_part *to, const struct flow_part *from)
{
	if (from)
		*to = *from;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303;
}

/* The POST that a redirect made this GET of: what the client sent is in it, and no longer here. */
static const struct flow_part *before_redirect(const struct flow *flow, const struct flow_part *get)
{
	if (get->count || !pk_str_equal(get->event->request.method, PK_STR("GET")))
		return get;
	for (const struct flow_part *part = get; part-- > flow->part;)
		if (kind_of(part) == PK_EVENT_TOKEN)
			return part->count && is_redirect(part->event->reply.status) ? part : get;
	return get;
}

/* The parameters of an authorize request that only names them are those of the pushed request whose
 * reply gave the name. */
static void take_pushed(struct flow *flow)
{
	const struct pk_str name = flow_value(&flow->authorize, "request_uri");

	for (size_t i = 0; i < flow->capture->count && name.len; i++) {
		const struct flow_part *part = &flow->part[i];
		const struct pk_str body = part->event->reply.body;

		if (part->index == flow->authorize.index || kind_of(part) != PK_EVENT_AUTHORIZE ||
		    !body.len || !memmem(body.ptr, body.len, name.ptr, name.len))
			continue;
		flow->authorize.param = part->param;
		flow->authorize.count = part->count;
		return;
	}
}

/* From the end back to the beginning. */
static void gather(struct flow *flow, const struct flow_part *end)
{
	const struct flow_part *token = NULL, *callback = NULL, *authorize = NULL;

	switch (kind_of(end)) {
	case PK_EVENT_TOKEN:
		if (is_revoke(flow, end) || is_refresh(end)) {
			copy_part(is_refresh(end) ? &flow->refresh : &flow->revoke, end);
			for (const struct flow_part *part = end; part >= flow->part && !token;
			     part--)
				if (kind_of(part) == PK_EVENT_TOKEN && !is_refresh(part) &&
				    !is_revoke(flow, part))
					token = part;
		} else {
			token = before_redirect(flow, end);
			flow->emptied = token == end ? NULL : end;
		}
		if (token)
			callback = find_before(flow, token, PK_EVENT_CALLBACK, by_code);
		break;
	case PK_EVENT_CALLBACK:
		callback = end;
		break;
	default:
		authorize = end;
	}
	if (callback)
		authorize = find_before(flow, callback, PK_EVENT_AUTHORIZE, by_state);
	else if (token)
		authorize = find_before(flow, token, PK_EVENT_AUTHORIZE, by_pair);
	copy_part(&flow->token, token);
	copy_part(&flow->callback, callback);
	copy_part(&flow->authorize, authorize);
	take_pushed(flow);
}

static struct pk_str first_given(struct pk_str a, struct pk_str b)
{
	return a.ptr ? a : b;
}

const struct flow_part *flow_asked(const struct flow *flow)
{
	const struct flow_part *const asked[] = {&flow->revoke, &flow->refresh, &flow->token};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (asked[i]->event)
			return asked[i];
	return NULL;
}

/* What the client stored stands for a verifier that was not sent yet, but not for that of another login. */
static struct pk_str stored_verifier(const struct flow *flow)
{
	const struct pk_str sent = flow_value(&flow->authorize, "state");
	const struct pk_str stored = flow->capture->stored_state;

	if (flow->token.event || (sent.len && stored.len && !pk_str_equal(sent, stored)))
		return (struct pk_str){0};
	return flow->capture->stored_verifier;
}

/* Under the dialect's name for it, or that of RFC 6749 4.1.2.1. */
static struct pk_str error_text(const struct flow *flow)
{
	const struct pk_str text =
		flow->dialect
			? flow_named(&flow->callback, flow->dialect->callback_error_text_parameter)
			: (struct pk_str){0};

	return text.len ? text : flow_value(&flow->callback, "error_description");
}

static struct pk_str error_number(const struct flow *flow)
{
	return flow->dialect
		       ? flow_named(&flow->callback, flow->dialect->callback_error_number_parameter)
		       : (struct pk_str){0};
}

static void read_outcome(struct flow *flow)
{
	const struct flow_part *answered = flow->emptied ? flow->emptied : flow_asked(flow);

	if (answered)
		flow_read_reply(flow, answered->event, &flow->reply);
	if (flow->callback.event && flow_param(&flow->callback, "error")) {
		flow->callback_error.visible = true;
		flow->callback_error.error = flow_value(&flow->callback, "error");
		flow->callback_error.text = error_text(flow);
		flow->callback_error.number = error_number(flow);
		flow->callback_error.also = flow_value(&flow->callback, "error_type");
	}
	if (flow->authorize.event)
		flow_read_reply(flow, flow->authorize.event, &flow->authorize_error);
	flow->succeeded = !flow->failed && flow->reply.visible && flow->reply.success;
	flow->verifier =
		first_given(flow_value(&flow->token, "code_verifier"), stored_verifier(flow));
	flow->challenge = flow_value(&flow->authorize, "code_challenge");
	flow->method = flow_value(&flow->authorize, "code_challenge_method");
	flow->relation = pk_relate(flow->verifier, flow->challenge);
	flow_read_id_token(flow, &flow->id_token);
}

enum pk_err flow_build(struct pk_arena *arena, const struct pk_capture *capture,
		       const struct pk_dialect *const *dialects, size_t dialect_count,
		       struct flow *ret, struct pk_why *why)
{
	const struct flow_part *end;

	*ret = (struct flow){.arena = arena, .capture = capture};
	ret->authorize.index = ret->callback.index = ret->token.index = -1;
	ret->refresh.index = ret->revoke.index = -1;
	if (read_parts(ret) != PK_OK)
		return pk_refuse(why, PK_ERR_NO_SPACE, NULL,
				 "the capture is larger than the arena");
	ret->dialect = flow_find_dialect(ret, dialects, dialect_count);
	if (read_replies(ret) != PK_OK)
		return pk_refuse(why, PK_ERR_NO_SPACE, NULL,
				 "the capture is larger than the arena");
	end = find_end(ret);
	if (end)
		gather(ret, end);
	read_outcome(ret);
	return PK_OK;
}
