/*
 * Pushed authorization requests (RFC 9126): the authorize request names what was pushed, once and
 * soon. The reply to the push is held against the name, where both are in the capture.
 */
#include "explain/rule.h"
#include "explain/words.h"
#include "base/text.h"
#include "protocol/json.h"

static const struct pk_str nothing;

/* What a pushed request was answered with. */
struct pushed {
	const struct flow_part *part; /* NULL: none was pushed in this capture */
	struct pk_str request_uri;
	int64_t expires_in; /* or PK_TIME_UNKNOWN */
};

static void read_pushed(const struct flow *flow, const struct flow_part *part, struct pushed *ret)
{
	json_t *root = pk_json_parse(pk_str_trim(part->event->reply.body));
	struct pk_str name = nothing;

	if (pk_json_text(flow->arena, json_object_get(root, "request_uri"), &name) == PK_OK &&
	    name.len)
		*ret = (struct pushed){part, name,
				       pk_json_seconds(json_object_get(root, "expires_in"))};
	json_decref(root);
}

/* The one of that name, else the last one. */
static struct pushed find_pushed(const struct flow *flow, struct pk_str name)
{
	struct pushed found = {.part = NULL};

	for (size_t i = 0; i < flow->capture->count; i++) {
		if (flow_param(&flow->part[i], "response_type"))
			read_pushed(flow, &flow->part[i], &found);
		if (found.part && pk_str_equal(found.request_uri, name))
			return found;
	}
	return found;
}

/* The authorize request by which the browser came, whatever its parameters were taken from. */
static const struct flow_part *named_by(const struct flow *flow)
{
	for (size_t i = flow->capture->count; i-- > 0;)
		if (flow->part[i].event->kind == PK_EVENT_AUTHORIZE &&
		    flow_value(&flow->part[i], "request_uri").len)
			return &flow->part[i];
	return NULL;
}

/* An earlier authorize request with the same name, that went well. */
static const struct flow_part *used_before(const struct flow *flow, const struct flow_part *named)
{
	for (int i = named->index - 1; i >= 0; i--)
		if (flow->part[i].event->kind == PK_EVENT_AUTHORIZE &&
		    flow->part[i].event->reply.status / 100 == 3 &&
		    pk_str_equal(flow_value(&flow->part[i], "request_uri"),
				 flow_value(named, "request_uri")))
			return &flow->part[i];
	return NULL;
}

static bool is_too_late(const struct pushed *pushed, const struct flow_part *named)
{
	return pushed->expires_in != PK_TIME_UNKNOWN && pushed->part->event->at >= 0 &&
	       named->event->at > pushed->part->event->at + (double)pushed->expires_in;
}

static enum verdict look_request_uri(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *named = named_by(flow), *before;
	struct pk_str name;
	struct pushed pushed;
	enum words words;

	if (!named)
		return NOT_VISIBLE;
	if (!flow->failed)
		return ABSENT;
	name = flow_value(named, "request_uri");
	pushed = find_pushed(flow, name);
	before = used_before(flow, named);
	finding->confidence = PK_PROVED;
	if (pushed.part && !pk_str_equal(pushed.request_uri, name)) {
		show(finding, named, "request_uri", name, pushed.request_uri);
		return PRESENT;
	}
	if (pushed.part && is_too_late(&pushed, named)) {
		finding->detail = flow_text(flow,
					    "It came %.0f seconds after the push, and was "
					    "good for %lld.",
					    named->event->at - pushed.part->event->at,
					    (long long)pushed.expires_in);
		show(finding, named, "request_uri", name, nothing);
		return PRESENT;
	}
	if (before) {
		finding->confidence =
			PK_LIKELY; /* a page that is loaded again may be let through */
		finding->detail = flow_text(flow, "Event %d had the same one.", before->index);
		show(finding, named, "request_uri", name, nothing);
		return PRESENT;
	}
	words = words_show(flow, "request-uri-invalid", finding);
	finding->confidence = words_confidence(words);
	return words == WORDS_SILENT ? ABSENT : PRESENT;
}

/* clang-format off */
const struct rule rules_pushed[] = {
	{"request-uri-invalid", look_request_uri, false},
	{NULL, NULL, false},
};
/* clang-format on */
