-- One batch of one process: what it settled, what it gives back, what it read from the database, what it wants to begin.
-- Answers {epoch, writes, [one answer for each reservation]}. Times are this server's.
local batch = cjson.decode(ARGV[1])
local base, me = KEYS[1], batch.process
local clock = redis.call('TIME')
local second = tonumber(clock[1])
local now = second * 1000 + math.floor(tonumber(clock[2]) / 1000)
local SPAN, DEAD, FORGOTTEN, SETTLING = 60, 5000, 3600000, 1500

local function hash(name)
  local flat, found = redis.call('HGETALL', name), {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

-- Who is alive. Everything was lost when nobody knows since when we count.
local processes = base .. ':processes'
local known = hash(processes)
local epoch, writes = tonumber(known.since), tonumber(known.writes or 0)
if not epoch then
  epoch = now
  redis.call('HSET', processes, 'since', now)
end
known.since, known.writes = nil, nil
local living, busy, again = {[me] = true}, false, false
for name, said in pairs(known) do
  local at, serial, writing = string.match(said, '^(%d+) (%d+) (%d)$')
  if name == me then
    again = tonumber(serial) >= batch.serial
    if writing == '1' and not batch.writing then
      writes = redis.call('HINCRBY', processes, 'writes', 1)
    end
  elseif now - tonumber(at) > FORGOTTEN then
    redis.call('HDEL', processes, name)
  elseif now - tonumber(at) <= DEAD then  -- of one that was only slow the serial stays: its batch may come again
    living[name] = true
    busy = busy or writing == '1'
  end
end
busy = busy or batch.writing
redis.call('HSET', processes, me, string.format('%.0f %.0f %d', now, batch.serial, batch.writing and 1 or 0))

-- A month of a key: `used` tokens, and of each process what is in flight (f:) and what is not in the database yet (u:).
local function month_of(key, month) return base .. ':month:' .. key .. ':' .. month end

local function put(name, field, value)
  if value == 0 then redis.call('HDEL', name, field) else redis.call('HSET', name, field, value) end
end

for _, book in ipairs(batch.books) do
  local key, month, ends, flight, settled, unwritten = unpack(book)
  local name = month_of(key, month)
  put(name, 'f:' .. me, flight)
  put(name, 'u:' .. me, unwritten)
  if settled ~= 0 and not again and redis.call('HEXISTS', name, 'used') == 1 then
    redis.call('HINCRBY', name, 'used', settled)
  end
  redis.call('EXPIREAT', name, ends)
end

local function of_the_living(name, kind)
  local sum, used = 0, nil
  for field, value in pairs(hash(name)) do
    local process = string.match(field, '^' .. kind .. ':(.*)$')
    if field == 'used' then
      used = tonumber(value)
    elseif process and living[process] then
      sum = sum + tonumber(value)
    elseif string.match(field, '^[fu]:') and not living[string.sub(field, 3)] then
      redis.call('HDEL', name, field)
    end
  end
  return sum, used
end

-- What the database said counts only when nobody wrote to it while it was read.
for _, load in ipairs(batch.loads) do
  local key, month, ends, total, seen_epoch, seen_writes = unpack(load)
  local name = month_of(key, month)
  local unwritten, used = of_the_living(name, 'u')
  if not used and seen_epoch == epoch and seen_writes == writes and not busy then
    redis.call('HSET', name, 'used', total + unwritten)
    redis.call('EXPIREAT', name, ends)
  end
end

local months = {}
local function month(key, when)
  local name = month_of(key, when)
  if not months[name] then
    local held, used = of_the_living(name, 'f')
    months[name] = {name = name, held = held, used = used}
  end
  return months[name]
end

-- The last minute of a key: what began in each second, and the sums of those that count still.
local windows = {}
local function drop(it, from, to)
  for s = from, to do
    local gone = redis.call('HMGET', it.name, 'r' .. s, 't' .. s)
    if gone[1] or gone[2] then
      it.requests = it.requests - tonumber(gone[1] or 0)
      it.tokens = it.tokens - tonumber(gone[2] or 0)
      redis.call('HDEL', it.name, 'r' .. s, 't' .. s)
    end
  end
end

local function window(key)
  if windows[key] then return windows[key] end
  local it = {name = base .. ':window:' .. key, new_requests = 0, new_tokens = 0}
  local said = redis.call('HMGET', it.name, 'at', 'last', 'requests', 'tokens')
  it.at, it.last = tonumber(said[1] or second), tonumber(said[2] or 0)
  it.requests, it.tokens = tonumber(said[3] or 0), tonumber(said[4] or 0)
  if it.at > second + SPAN then  -- the clock was set back: all of it counts as begun now
    redis.call('DEL', it.name)
    redis.call('HSET', it.name, 'r' .. second, it.requests, 't' .. second, it.tokens)
    redis.call('HSET', it.name, 'at', second, 'last', second, 'requests', it.requests, 'tokens', it.tokens)
    redis.call('EXPIRE', it.name, SPAN + 2)
    it.at, it.last = second, second
  end
  it.now = math.max(second, it.at)
  if it.now - it.at > SPAN then
    redis.call('DEL', it.name)
    it.requests, it.tokens = 0, 0
  elseif it.now > it.at then
    drop(it, it.at - SPAN, it.now - SPAN - 1)
    redis.call('HSET', it.name, 'at', it.now, 'requests', it.requests, 'tokens', it.tokens)
  end
  windows[key] = it
  return it
end

local function give_back(key, when, tokens)
  local it = window(key)
  local there = tonumber(redis.call('HGET', it.name, 't' .. when) or -1)
  local back = math.min(tokens, there)
  if there >= 0 and back ~= 0 then
    it.tokens = it.tokens - back
    redis.call('HINCRBY', it.name, 't' .. when, -back)
    redis.call('HSET', it.name, 'tokens', it.tokens)
  end
end

if not again then
  for _, one in ipairs(batch.back) do
    if one[4] == epoch then give_back(one[1], one[2], one[3]) end
  end
end

-- Milliseconds until enough of the last minute is over; the most there can be when it never is.
local function wait(it, requests, tokens)
  for s = it.now - SPAN, it.now do
    if requests <= 0 and tokens <= 0 then return math.max(1, (s + SPAN) * 1000 - now) end
    local gone = redis.call('HMGET', it.name, 'r' .. s, 't' .. s)
    requests, tokens = requests - tonumber(gone[1] or 0), tokens - tonumber(gone[2] or 0)
  end
  return (it.now + SPAN + 1) * 1000 - now
end

local function left(it)
  return it.requests, it.tokens, math.max(0, (it.last + SPAN + 1) * 1000 - now)
end

local function refused(it, rpm, tpm, tokens)
  local requests_over = rpm > 0 and it.requests + 1 - rpm or 0
  local tokens_over = tpm > 0 and it.tokens + tokens - tpm or 0
  if requests_over <= 0 and tokens_over <= 0 then return nil end
  local which = requests_over > 0 and 'requests' or 'tokens'
  return {'minute', which, wait(it, requests_over, tokens_over), left(it)}
end

local function begin(it, its_month, tokens)
  it.last = it.now
  it.requests, it.tokens = it.requests + 1, it.tokens + tokens
  it.new_requests, it.new_tokens = it.new_requests + 1, it.new_tokens + tokens
  if its_month then
    its_month.held = its_month.held + tokens
    redis.call('HINCRBY', its_month.name, 'f:' .. me, tokens)
  end
  return {'begun', it.now, left(it)}
end

local function answer(key, rpm, tpm, quota, when, tokens)
  local its_month
  if quota > 0 then
    its_month = month(key, when)
    local young = math.abs(now - epoch) < SETTLING  -- far ahead it is when the clock was set back
    if not its_month.used and young then return {'settling', SETTLING - now + epoch} end
    if not its_month.used then return {'unread'} end
    if its_month.used + tokens > quota then return {'month', its_month.used} end
    if its_month.used + its_month.held + tokens > quota then return {'held', its_month.used, its_month.held} end
  end
  local it = window(key)
  return refused(it, rpm, tpm, tokens) or begin(it, its_month, tokens)
end

local answers = {}
for i, one in ipairs(batch.begin) do answers[i] = answer(unpack(one)) end
for _, it in pairs(windows) do
  if it.new_requests > 0 then
    redis.call('HINCRBY', it.name, 'r' .. it.now, it.new_requests)
    redis.call('HINCRBY', it.name, 't' .. it.now, it.new_tokens)
    redis.call('HSET', it.name, 'at', it.now, 'last', it.last, 'requests', it.requests, 'tokens', it.tokens)
    redis.call('EXPIRE', it.name, SPAN + 2)
  end
end
return cjson.encode({epoch, writes, answers})
