/*
 * Faults over HTTP: which there are, arming, disarming. What comes is a developer's, or a test's;
 * a word that is not understood is refused, because a fault that is not armed looks like an app
 * that copes with it.
 */
#include "protocol/json.h"
#include "base/text.h"
#include "proofkey_explain.h"
#include "sandbox/control.h"
#include "sandbox/document.h"
#include "sandbox/faults.h"
#include "sandbox/refusal.h"

#include <string.h>

static void refuse_request(struct exchange *x, const char *text)
{
	control_refuse(x, 400, "invalid_request", text);
}

/* ---- What there is ---- */

static json_t *describe(const struct exchange *x, const struct fault_row *row)
{
	const struct faults *faults = &x->sandbox->faults;
	json_t *object = json_object();
	int64_t left = 0;
	bool always = false;

	for (size_t i = 0; i < faults->count; i++) {
		if (faults->item[i].row != row)
			continue;
		if (faults->item[i].times == FAULT_ALWAYS)
			always = true;
		else
			left += faults->item[i].times;
	}
	document_set(object, PK_STR("fault"), pk_str(fault_id(row)));
	document_set(object, PK_STR("title"), pk_str(pk_fault_find(pk_str(fault_id(row)))->title));
	document_set_number(object, PK_STR("armed"), left);
	(void)json_object_set_new(object, "always", json_boolean(always));
	return object;
}

void faults_list(struct exchange *x, struct pk_str rest)
{
	json_t *list = json_array();

	(void)rest;
	for (size_t i = 0; fault_at(i); i++)
		(void)json_array_append_new(list, describe(x, fault_at(i)));
	control_reply(x, 200, list);
}

/* ---- Arming ---- */

static bool read_fault(struct exchange *x, const json_t *value, struct armed *ret)
{
	(void)x;
	ret->row = fault_row_find(pk_str(json_string_value(value)));
	return ret->row != NULL;
}

static bool read_provider(struct exchange *x, const json_t *value, struct armed *ret)
{
	ret->provider = provider_find(&x->sandbox->providers, pk_str(json_string_value(value)));
	return ret->provider != NULL;
}

static bool read_client(struct exchange *x, const json_t *value, struct armed *ret)
{
	const struct pk_str client = pk_str(json_string_value(value));

	(void)x;
	if (!client.len || client.len > sizeof(ret->client))
		return false;
	memcpy(ret->client, client.ptr, client.len);
	ret->client_len = client.len;
	return true;
}

static bool read_number(const json_t *value, int64_t max, int64_t *ret)
{
	*ret = json_integer_value(value);
	return json_is_integer(value) && *ret >= 0 && *ret <= max;
}

static bool read_times(struct exchange *x, const json_t *value, struct armed *ret)
{
	int64_t times;

	(void)x;
	if (!read_number(value, FAULT_TIMES_MAX, &times))
		return false;
	if (ret->times != FAULT_ALWAYS) /* `always` may stand before it */
		ret->times = times ? times : FAULT_ALWAYS;
	return true;
}

static bool read_always(struct exchange *x, const json_t *value, struct armed *ret)
{
	(void)x;
	if (json_is_true(value))
		ret->times = FAULT_ALWAYS;
	return json_is_boolean(value);
}

static bool read_seconds(struct exchange *x, const json_t *value, struct armed *ret)
{
	(void)x;
	return read_number(value, FAULT_SECONDS_MAX, &ret->seconds);
}

static bool read_endpoint(struct exchange *x, const json_t *value, struct armed *ret)
{
	const struct pk_str name = pk_str(json_string_value(value));

	(void)x;
	for (int i = 0; i < ENDPOINT_COUNT; i++)
		if (pk_str_equal(name, pk_str(endpoint_name((enum endpoint)i)))) {
			ret->endpoint = i;
			return fault_can_be_at(ret->row, (enum endpoint)i);
		}
	return false;
}

/* clang-format off */
static const struct {
	const char *name;
	bool (*read)(struct exchange *x, const json_t *value, struct armed *ret);
	const char *refusal;
} members[] = {
	{"fault",    read_fault,    "`fault` is none of those that GET /_sandbox/faults lists."},
	{"provider", read_provider, "`provider` is none of those that / lists."},
	{"client",   read_client,   "`client` is a client id."},
	{"times",    read_times,    "`times` is a number up to 1000000; 0 is for always."},
	{"always",   read_always,   "`always` is true or false."},
	{"seconds",  read_seconds,  "`seconds` is a number up to 600."},
	{"endpoint", read_endpoint, "`endpoint` is one that this fault can be at: token, refresh, userinfo, authorize ..."},
};
/* clang-format on */

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static bool is_member(const char *name)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].name, name) == 0)
			return true;
	return false;
}

/* NULL, or what is wrong. */
static const char *read_request(struct exchange *x, const json_t *root, struct armed *ret)
{
	const char *name;
	json_t *value;

	if (!json_is_object(root))
		return "The body is no JSON object, such as {\"fault\": \"code-expired\"}.";
	/* jansson iterates over objects that are not const only. */
	json_object_foreach((json_t *)root, name, value)
	{
		if (!is_member(name))
			return "The body has a member that is none of fault, provider, client, "
			       "times, always, seconds, endpoint.";
	}
	for (size_t i = 0; i < MEMBERS; i++) {
		value = json_object_get(root, members[i].name);
		if (value && !members[i].read(x, value, ret))
			return members[i].refusal;
	}
	return ret->row ? NULL : members[0].refusal;
}

void faults_post(struct exchange *x, struct pk_str rest)
{
	struct armed armed = {.endpoint = -1, .seconds = FAULT_SECONDS_USUAL};
	json_t *root = pk_json_parse(http_body(x->http));
	const char *wrong = read_request(x, root, &armed);

	(void)rest;
	json_decref(root);
	if (!armed.times)
		armed.times = 1;
	if (wrong)
		refuse_request(x, wrong);
	else if (!fault_arm(&x->sandbox->faults, &armed))
		control_refuse(x, 409, "too_many",
			       "64 faults are armed; DELETE /_sandbox/faults disarms them.");
	else
		control_reply(x, 200, describe(x, armed.row));
}

void faults_delete(struct exchange *x, struct pk_str rest)
{
	const struct fault_row *row = NULL;
	struct pk_str id;

	(void)rest;
	if (!control_query(x, "fault", &id)) {
		refuse_request(x, "The query has fault=ID.");
		return;
	}
	row = id.ptr ? fault_row_find(id) : NULL;
	if (id.ptr && !row) {
		control_refuse(x, 404, "not_found", members[0].refusal);
		return;
	}
	fault_disarm(&x->sandbox->faults, row);
	http_reply(x->http, 204, NULL, PK_STR(""));
}
