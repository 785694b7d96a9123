-- What the store does inside of a Valkey or Redis server. A script runs alone there, so each operation happens at once or not at
-- all, for all replicas. It trusts its caller for the arguments' order (redis_store.c), and nobody for their bytes: what comes from
-- outside is part of a key's name only as a grant's name, which is the same for one (login, subject) alone.
--
-- KEYS[1] is what all keys begin with; ARGV[1] is the operation. A reply is {result, number, items, more}.
--
--   version            of what is written here
--   grant:NAME         a hash: the columns that are given, and lease_owner, lease_until (milliseconds)
--   grants             all names but of those that are leaving, a sorted set without scores, that is in the order of their bytes
--   sealed:KEY         those that this key (4 bytes, its id) sealed, likewise
--   sessions           the session, escaped as in a name, and the name, likewise; of those that are not leaving
--   due:LOGIN          the subjects by refresh_at; of grants of that login, escaped as in a name, that have not ended
--   states             a hash: how many grants are in each state
--   spent, spent_ends  attempts: the hash of the code by id; ids by the end
--   revoked, revoked_numbers, revoked_ends, revoked_last
--                      "UNTIL END" by what was revoked; that by number, and by end; the last number

local prefix = KEYS[1]
local operations = {}

local OK, NONE, BUSY = 0, 1, 2 -- as enum vault_result
local ENDED, LEAVING = '2', '3' -- as enum grant_state
local CHUNK = 500              -- of what takes long: others have their turn in between

-- In the order of redis_rows.c.
local columns = {
	'version', 'key', 'access_token', 'refresh_token', 'id_token', 'scope', 'session', 'access_expires_at',
	'refresh_expires_at', 'refresh_at', 'state', 'failures', 'fault', 'created_at', 'refreshed_at', 'sent_at',
}

-- Those without seals.
local bare_columns = {}
for _, column in ipairs(columns) do
	if not string.find(column, '_token', 1, true) then
		bare_columns[#bare_columns + 1] = column
	end
end

local function call(command, key, ...)
	return redis.call(command, prefix .. key, ...)
end

local function number(value)
	return string.format('%.0f', value)
end

-- The clock of leases: the one that all replicas share.
local function milliseconds()
	local now = redis.call('TIME')

	return now[1] * 1000 + math.floor(now[2] / 1000)
end

-- Versions of a row begin with the time: one that a row had before it was deleted never comes again.
local function first_version()
	local now = redis.call('TIME')

	return number(now[1] * 1000000 + now[2])
end

-- No text that is escaped begins another, and their order is that of the bytes.
local function escape(text)
	return (string.gsub(text, '%z', '\0\255')) .. '\0\0'
end

---- Grants

-- The arguments from `first` on, by column; what is not given is an empty one, all others have a '+' before them.
local function arguments(first)
	local grant = {}

	for i, column in ipairs(columns) do
		local value = ARGV[first + i - 1]

		if value ~= '' then
			grant[column] = string.sub(value, 2)
		end
	end
	return grant
end

-- With those of the columns that are asked for, or all.
local function load(name, asked)
	local wanted = asked or columns
	local values = call('HMGET', 'grant:' .. name, 'lease_owner', 'lease_until', unpack(wanted))
	local grant = {lease_owner = values[1], lease_until = values[2]}

	for i, column in ipairs(wanted) do
		grant[column] = values[i + 2] or nil
	end
	return grant.version and grant
end

local function row(name, grant)
	local values = {name}

	for i, column in ipairs(columns) do
		values[i + 1] = grant[column] or false
	end
	return values
end

local function reply_row(result, name, grant)
	return {result, false, grant and {row(name, grant)} or {}, 0}
end

local function move(set, from, to)
	if from == to then
		return
	end
	if from then
		call('ZREM', set, from)
	end
	if to then
		call('ZADD', set, 0, to)
	end
end

-- The login, escaped, is what a name begins with; the subject is the rest.
local function split(name)
	local _, last = string.find(name, '\0\0', 1, true)

	return string.sub(name, 1, last), string.sub(name, last + 1)
end

local function due_at(grant)
	return grant.state ~= ENDED and grant.refresh_at or nil
end

local function session_of(name, grant)
	return grant.session and grant.state ~= LEAVING and escape(grant.session) .. name
end

-- Brings what finds a grant from `old` to `new`; nil where there is none.
local function index(name, old, new)
	old, new = old or {}, new or {}
	move('grants', old.state and old.state ~= LEAVING and name, new.state and new.state ~= LEAVING and name)
	if old.key ~= new.key then
		move('sealed:' .. (old.key or ''), old.key and name, nil)
		move('sealed:' .. (new.key or ''), nil, new.key and name)
	end
	move('sessions', session_of(name, old), session_of(name, new))
	if due_at(new) ~= due_at(old) then
		local login, subject = split(name)

		if due_at(new) then
			call('ZADD', 'due:' .. login, due_at(new), subject)
		else
			call('ZREM', 'due:' .. login, subject)
		end
	end
	if old.state ~= new.state then
		if old.state then
			call('HINCRBY', 'states', old.state, -1)
		end
		if new.state then
			call('HINCRBY', 'states', new.state, 1)
		end
	end
end

-- Replaces the row, its lease too.
--
-- A server that has no memory left refuses to write unless the script has begun by deleting. That is made use of: then there are
-- no new grants, but those that are there are refreshed, and sessions revoked.
local function store(name, old, new)
	local values = {}

	for _, column in ipairs(columns) do
		if new[column] then
			values[#values + 1] = column
			values[#values + 1] = new[column]
		end
	end
	if old then
		call('DEL', 'grant:' .. name)
	end
	call('HSET', 'grant:' .. name, unpack(values))
	index(name, old, new)
end

-- RFC 6749 6: "The authorization server MAY issue a new refresh token": when it does not, the old one stays, its expiry unless the
-- provider moved that, and the note which key sealed it: it must not be overlooked when that key goes.
function operations.put(name)
	local old, new = load(name), arguments(3)

	new.version = old and number(old.version + 1) or first_version()
	new.sent_at = nil
	if old and old.state ~= LEAVING and not new.refresh_token then
		new.key = old.refresh_token and old.key or new.key
		new.refresh_token = old.refresh_token
		new.refresh_expires_at = new.refresh_expires_at or old.refresh_expires_at
	end
	store(name, old, new)
	return {OK, false, {}, 0}
end

-- A grant that is leaving is none any more but for few.
local function load_here(name)
	local grant = load(name)

	return grant and grant.state ~= LEAVING and grant
end

function operations.get(name)
	local grant = load_here(name)

	return reply_row(grant and OK or NONE, name, grant)
end

function operations.delete(name, owner)
	local grant = load(name)

	if grant and owner ~= '' and grant.lease_owner ~= owner then
		return reply_row(NONE)
	end
	if grant then
		call('DEL', 'grant:' .. name)
		index(name, grant, nil)
	end
	return reply_row(grant and OK or NONE, name, grant)
end

local function is_leased(grant)
	return grant.lease_owner and tonumber(grant.lease_until) > milliseconds()
end

local function lease_end(seconds)
	return number(milliseconds() + seconds * 1000)
end

local function give_lease(name, grant, owner, seconds)
	if not grant then
		return reply_row(NONE)
	end
	if is_leased(grant) and grant.lease_owner ~= owner then
		return reply_row(BUSY, name, grant)
	end
	call('HDEL', 'grant:' .. name, 'lease_owner')
	call('HSET', 'grant:' .. name, 'lease_owner', owner, 'lease_until', lease_end(seconds))
	return reply_row(OK, name, grant)
end

function operations.lease(name, owner, seconds)
	return give_lease(name, load_here(name), owner, seconds)
end

function operations.leave(name, owner, seconds, now)
	local old, new = load_here(name), {}

	if not old then
		return reply_row(NONE)
	end
	for _, column in ipairs(columns) do
		new[column] = old[column]
	end
	new.version = number(old.version + 1)
	new.state, new.refresh_at = LEAVING, now
	store(name, old, new)
	return give_lease(name, new, owner, seconds)
end

function operations.leave_again(name, owner, seconds)
	local grant = load(name)

	return give_lease(name, grant and grant.state == LEAVING and grant, owner, seconds)
end

function operations.renew(name, owner, seconds, sent_at)
	local grant = load(name)

	if not grant then
		return reply_row(NONE)
	end
	if not is_leased(grant) or grant.lease_owner ~= owner then
		return grant.state == LEAVING and reply_row(NONE) or reply_row(BUSY, name, grant)
	end
	call('HDEL', 'grant:' .. name, 'lease_until')
	call('HSET', 'grant:' .. name, 'lease_until', lease_end(seconds))
	if sent_at ~= '' then
		grant.sent_at = string.sub(sent_at, 2)
		call('HSET', 'grant:' .. name, 'sent_at', grant.sent_at)
	end
	return reply_row(OK, name, grant)
end

-- A lease that ended is still its owner's while nobody else has taken it.
function operations.finish(name, owner)
	local old, new = load_here(name), arguments(4)

	if not old then
		return reply_row(NONE)
	end
	if old.version ~= new.version or old.lease_owner ~= owner then
		return reply_row(BUSY, name, old)
	end
	new.version = number(old.version + 1)
	new.created_at = old.created_at
	store(name, old, new)
	return reply_row(OK, name, new)
end

function operations.reseal(name)
	local old, given = load(name), arguments(3)
	local new = {}

	if not old then
		return reply_row(NONE)
	end
	if old.version ~= given.version or is_leased(old) then
		return reply_row(BUSY, name, old)
	end
	for _, column in ipairs(columns) do
		new[column] = old[column]
	end
	new.version = number(old.version + 1)
	new.key, new.access_token = given.key, given.access_token
	new.refresh_token, new.id_token = given.refresh_token, given.id_token
	store(name, old, new)
	return reply_row(OK, name, new)
end

function operations.due(login, now, limit)
	local moment, rows, offset, subjects = milliseconds(), {}, 0, nil
	local set = 'due:' .. login

	limit = tonumber(limit)
	repeat
		subjects = call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', offset, limit)
		for _, subject in ipairs(subjects) do
			local grant = load(login .. subject, bare_columns)

			if grant and not (grant.lease_owner and tonumber(grant.lease_until) > moment) then
				rows[#rows + 1] = row(login .. subject, grant)
			end
			if #rows == limit then
				break
			end
		end
		offset = offset + limit
	until #subjects < limit or #rows == limit
	if #rows > 0 then
		return {OK, call('ZSCORE', set, string.sub(rows[1][1], #login + 1)), rows, 0}
	end
	return {OK, call('ZRANGEBYSCORE', set, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2] or false, rows, 0}
end

-- The grants whose names stand in the set between `min` and `max`, behind `skip` bytes.
function operations.list(set, skip, min, max, limit)
	local rows = {}

	for _, member in ipairs(call('ZRANGEBYLEX', set, min, max, 'LIMIT', 0, limit)) do
		local name = string.sub(member, skip + 1)
		local grant = load(name)

		if grant then
			rows[#rows + 1] = row(name, grant)
		end
	end
	return {OK, false, rows, 0}
end

function operations.count()
	return {OK, false, call('HMGET', 'states', 0, 1, 2, 3), 0}
end

---- Attempts and sessions

function operations.spend(id, code_hash, expires_at)
	local old = call('HGET', 'spent', id)

	if old then
		return {OK, old == code_hash and 1 or 2, {}, 0} -- as enum spend_result
	end
	call('HSET', 'spent', id, code_hash)
	call('ZADD', 'spent_ends', expires_at, id)
	return {OK, 0, {}, 0}
end

local function later(a, b)
	return tonumber(a) > tonumber(b) and a or b
end

-- A number is greater than any before it, and than all that a server gave out which came back from an older backup since: it is
-- the time, in microseconds, unless the clock stands still.
function operations.revoke(what, till, expires_at)
	local now = redis.call('TIME')
	local last = math.max(tonumber(call('GET', 'revoked_last') or 0) + 1, now[1] * 1000000 + now[2])
	local old = call('HGET', 'revoked', what)

	if old then
		local old_till, old_end = string.match(old, '^(%S+) (%S+)$')

		till, expires_at = later(till, old_till), later(expires_at, old_end)
	end
	call('DEL', 'revoked_last')
	call('SET', 'revoked_last', number(last))
	call('HSET', 'revoked', what, till .. ' ' .. expires_at)
	call('ZADD', 'revoked_numbers', number(last), what)
	call('ZADD', 'revoked_ends', expires_at, what)
	return {OK, false, {}, 0}
end

function operations.revoked(cursor, now, limit)
	local items = {}

	-- The server has forgotten what it gave out: from the beginning, then.
	if tonumber(cursor) > tonumber(call('GET', 'revoked_last') or 0) then
		cursor = '0'
	end

	local found = call('ZRANGEBYSCORE', 'revoked_numbers', '(' .. cursor, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)

	for i = 1, #found, 2 do
		local till, expires_at = string.match(call('HGET', 'revoked', found[i]) or '', '^(%S+) (%S+)$')

		if till and tonumber(expires_at) > tonumber(now) then
			items[#items + 1] = {found[i], till, expires_at}
		end
	end
	return {OK, tonumber(found[#found] or cursor), items, #found == 2 * limit and 1 or 0}
end

-- More is true where more is left to be forgotten.
function operations.forget(now)
	local revoked = call('ZRANGEBYSCORE', 'revoked_ends', '-inf', now, 'LIMIT', 0, CHUNK)
	local spent = call('ZRANGEBYSCORE', 'spent_ends', '-inf', now, 'LIMIT', 0, CHUNK)

	if #revoked > 0 then
		call('HDEL', 'revoked', unpack(revoked))
		call('ZREM', 'revoked_numbers', unpack(revoked))
		call('ZREM', 'revoked_ends', unpack(revoked))
	end
	if #spent > 0 then
		call('HDEL', 'spent', unpack(spent))
		call('ZREM', 'spent_ends', unpack(spent))
	end
	return {OK, false, {}, (#revoked == CHUNK or #spent == CHUNK) and 1 or 0}
end

---- The version

-- migrations[n] makes version n + 1 of version n. One that has been released never changes.
-- Each does a part, and says whether there is more: it is asked for again then, and others have their turn in between.
local migrations = {
	-- What was due was one set for all logins.
	function()
		local names = call('ZRANGE', 'due', 0, CHUNK - 1, 'WITHSCORES')

		for i = 1, #names, 2 do
			local login, subject = split(names[i])

			call('ZADD', 'due:' .. login, names[i + 1], subject)
		end
		call('ZREMRANGEBYRANK', 'due', 0, CHUNK - 1)
		return #names == 2 * CHUNK
	end,
}
local VERSION = #migrations + 1

-- BUSY where a newer version of this program has written here.
function operations.prepare()
	local found = call('GET', 'version')
	local version = tonumber(found or VERSION)

	if version > VERSION then
		return {BUSY, false, {}, 0}
	end
	if version < VERSION then
		if not migrations[version]() then
			call('SET', 'version', version + 1)
		end
		return {OK, false, {}, 1}
	end
	if not found then
		call('SET', 'version', VERSION)
	end
	return {OK, false, {}, 0}
end

return operations[ARGV[1]](unpack(ARGV, 2))
