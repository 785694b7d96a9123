/*
 * What a provider publishes, as the keeper keeps it: fetched once for all who wait, for as long as the
 * provider says within bounds, an old one for a while when there is no new one, and not asked for anew
 * as often as somebody likes.
 */
#include "setting.h"

#include "base/err.h"
#include "gateway/keeper.h"
#include "io/http.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct settings settings; /* no login: what is asked for is counted as of another one */
static struct keeper keeper;
static struct login_settings login;
static struct published published;
static struct http_server *server;
static char url[64];

/* What the provider answers, and how often it was asked. */
static int status;
static const char *body, *cache_control;
static unsigned asked;

static void answer(struct http_request *request, void *arg)
{
	(void)arg;
	asked++;
	if (cache_control)
		http_reply_header(request, "Cache-Control", pk_str(cache_control));
	http_reply(request, pk_str_equal(http_path(request), PK_STR("/second")) ? 200 : status,
		   "text/plain", pk_str(body));
}

static enum pk_err make_request(struct pk_arena *arena, const struct pk_login *of, unsigned place,
				struct pk_http_request *ret, struct pk_why *why)
{
	static char memory[96];

	(void)arena;
	(void)of;
	(void)why;
	snprintf(memory, sizeof(memory), "%s/%s", url, place ? "second" : "first");
	*ret = (struct pk_http_request){.method = "GET", .url = pk_str(memory)};
	return PK_OK;
}

static enum pk_err read_reply(struct pk_arena *arena, const struct pk_login *of,
			      const struct pk_http_reply *reply, struct pk_buf *out,
			      struct pk_why *why)
{
	(void)arena;
	(void)of;
	if (reply->status != 200)
		return pk_refuse(why, PK_ERR_REPLY_NOT_OAUTH, NULL, "no");
	pk_buf_put(out, reply->body);
	return PK_OK;
}

static const struct published_kind kind = {
	.places = 2,
	.request = make_request,
	.read = read_reply,
	.usual = 1000,
	.shortest = 100,
	.longest = 5000,
	.beyond = 10000,
};

/* Somebody who waits. */
struct person {
	struct published_wait wait;
	unsigned told;
	char text[64];
	char fault[64];
};

static void on_ready(struct pk_str text, const struct failure *failure, void *arg)
{
	struct person *person = arg;
	const struct pk_str said = failure ? failure->fault : text;

	person->told++;
	snprintf(failure ? person->fault : person->text, sizeof(person->text), "%.*s",
		 (int)said.len, said.ptr);
}

static void go_on(const struct person *until)
{
	for (int i = 0; i < 10000 && !until->told; i++)
		event_base_loop(keeper.base, EVLOOP_ONCE);
	assert_int_equal(until->told, 1);
}

static void assert_gets(const char *text)
{
	struct person person = {0};

	published_get(&published, &login.login, &person.wait, on_ready, &person);
	go_on(&person);
	assert_string_equal(person.text, text);
}

static void assert_fails(const char *fault)
{
	struct person person = {0};

	published_get(&published, &login.login, &person.wait, on_ready, &person);
	go_on(&person);
	assert_string_equal(person.fault, fault);
}

static int set_up(void **state)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	char error[128];
	const int fd = http_listen("127.0.0.1:0", false, error, sizeof(error));
	const int counters = metrics_create();

	(void)state;
	if (fd < 0 || counters < 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		return 1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(address.sin_port));
	keeper = (struct keeper){.base = http_base_new(), .settings = &settings, .ticks = 1};
	keeper.client = http_client_new(keeper.base);
	keeper.metrics = metrics_map(counters);
	close(counters);
	server = http_server_new(keeper.base, fd, answer, NULL);
	login = (struct login_settings){.login = {.name = PK_STR("work")}};
	published_init(&published, &keeper, &kind, &login);
	status = 200;
	body = "one";
	cache_control = NULL;
	asked = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	published_free(&published);
	http_client_free(keeper.client);
	metrics_unmap(keeper.metrics);
	http_server_free(server);
	event_base_free(keeper.base);
	return 0;
}

static void all_who_wait_share_one_fetch(void **state)
{
	struct person person[20] = {0};

	(void)state;
	for (size_t i = 0; i < 20; i++)
		published_get(&published, &login.login, &person[i].wait, on_ready, &person[i]);
	go_on(&person[0]);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(person[i].told, 1);
		assert_string_equal(person[i].text, "one");
	}
	assert_gets("one");
	assert_int_equal(asked, 1);
}

static void it_is_kept_as_long_as_usual(void **state)
{
	(void)state;
	assert_gets("one");
	body = "two";
	keeper.ticks += 999;
	assert_gets("one");
	keeper.ticks += 1;
	assert_gets("two");
	assert_int_equal(asked, 2);
}

static void it_is_kept_as_the_provider_says_within_bounds(void **state)
{
	static const struct {
		const char *said;
		unsigned seconds;
	} rows[] = {
		{"max-age=300", 300},     {"public, max-age=300, must-revalidate", 300},
		{"max-age=0", 100},       {"no-store", 100},
		{"max-age=99999", 5000},  {"max-age=99999999999999999999", 100},
		{"max-age=\"300\"", 100}, {"private", 1000},
		{"s-maxage=5", 1000},     {"MAX-AGE=300", 300},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cache_control = rows[i].said;
		keeper.ticks += 10000;
		body = "one";
		assert_gets("one");
		body = "two";
		keeper.ticks += rows[i].seconds - 1;
		assert_gets("one");
		keeper.ticks++;
		assert_gets("two");
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

static void an_old_one_serves_when_there_is_no_new_one(void **state)
{
	(void)state;
	assert_gets("one");
	status = 500;
	keeper.ticks += 1000;
	assert_gets("one");
	assert_int_equal(asked, 2);
	assert_gets("one");
	assert_int_equal(asked, 2);
	keeper.ticks += 30;
	assert_gets("one");
	assert_int_equal(asked, 3);
	keeper.ticks += 10000;
	assert_fails("reply-not-oauth");
	status = 200;
	body = "two";
	assert_gets("two");
}

static void what_failed_is_not_kept(void **state)
{
	(void)state;
	status = 500;
	assert_fails("reply-not-oauth");
	status = 200;
	assert_gets("one");
}

static void the_second_place_is_asked_on_404(void **state)
{
	(void)state;
	status = 404;
	assert_gets("one");
	assert_int_equal(asked, 2);
}

static void a_newer_one_can_be_had_once_a_minute(void **state)
{
	struct person first = {0}, second = {0}, third = {0}, fourth = {0};

	(void)state;
	assert_gets("one");
	body = "two";
	assert_true(published_renew(&published, &login.login, &first.wait, on_ready, &first));
	assert_true(published_renew(&published, &login.login, &second.wait, on_ready, &second));
	go_on(&first);
	assert_string_equal(first.text, "two");
	assert_string_equal(second.text, "two");
	assert_int_equal(asked, 2);
	keeper.ticks += 59;
	assert_false(published_renew(&published, &login.login, &third.wait, on_ready, &third));
	assert_int_equal(third.told, 0);
	keeper.ticks++;
	assert_true(published_renew(&published, &login.login, &fourth.wait, on_ready, &fourth));
	go_on(&fourth);
	assert_int_equal(asked, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(all_who_wait_share_one_fetch),
		TEST(it_is_kept_as_long_as_usual),
		TEST(it_is_kept_as_the_provider_says_within_bounds),
		TEST(an_old_one_serves_when_there_is_no_new_one),
		TEST(what_failed_is_not_kept),
		TEST(the_second_place_is_asked_on_404),
		TEST(a_newer_one_can_be_had_once_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
