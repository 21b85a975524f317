//! What the server carries out as a whole.
//!
//! Of a domain there is a hash with its entry `e`, when that was fetched `f`, its history `h` and a random
//! number `n`; its name is in three sorted sets: all names, when to refresh, and when to look whether anything
//! counts still.
//! `KEYS`: the hash, the names, the refreshes, the ends. `ARGV[1]` is the domain.

/// Ends each script that may leave a domain with nothing.
macro_rules! tidy {
    ($body:literal) => {
        concat!(
            $body,
            "
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
end
return 0"
        )
    };
}

/// `ARGV`: what to do with the entry, its bytes, refresh, end, number; what to do with the history, its
/// bytes; seconds that a hash with an entry is kept at most; the entry that the update rests on by when it was
/// fetched, or `any`; when this one was fetched, and the same if it is a fetch and no note on one; seconds that
/// a hash without an entry is kept; a random number. All fields are set in one command.
///
/// This is `Update::entry_over` of the core.
///
/// Hashes go by themselves, names do not: of some that stand together anywhere, those of which nothing is kept
/// are dropped. A save adds one name and looks at eight, so that at most one in eight names nothing in the mean.
pub(super) const SAVE: &str = tidy!(
    "
local doing = ARGV[2]
local was = redis.call('HGET', KEYS[1], 'f') or ''
if ARGV[10] ~= 'any' and ARGV[10] ~= was
    and (ARGV[12] == '' or (was ~= '' and tonumber(was) > tonumber(ARGV[12]))) then
  doing = 'keep'
end
local fields = {}
if doing == 'put' then
  fields = {'e', ARGV[3], 'n', ARGV[6], 'f', ARGV[11]}
elseif doing == 'remove' then
  redis.call('HDEL', KEYS[1], 'e', 'n', 'f')
  redis.call('ZREM', KEYS[3], ARGV[1])
end
if ARGV[7] == 'put' then
  fields[#fields + 1] = 'h'
  fields[#fields + 1] = ARGV[8]
elseif ARGV[7] == 'remove' then
  redis.call('HDEL', KEYS[1], 'h')
end
if #fields > 0 then
  redis.call('HSET', KEYS[1], unpack(fields))
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
end
if redis.call('HEXISTS', KEYS[1], 'e') == 1 then
  redis.call('EXPIRE', KEYS[1], ARGV[9])
else
  redis.call('EXPIRE', KEYS[1], ARGV[13])
end
if doing == 'put' then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
  redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
else
  redis.call('ZADD', KEYS[4], 'NX', 0, ARGV[1])
end
if doing == 'remove' then
  redis.call('ZADD', KEYS[4], 0, ARGV[1])
end
local hashes = string.sub(KEYS[1], 1, -#ARGV[1] - 1)
local from = tonumber(ARGV[14]) % math.max(redis.call('ZCARD', KEYS[2]), 1)
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], from, from + 7)) do
  if redis.call('EXISTS', hashes .. name) == 0 then
    redis.call('ZREM', KEYS[2], name)
    redis.call('ZREM', KEYS[3], name)
    redis.call('ZREM', KEYS[4], name)
  end
end"
);

/// `ARGV`: the field, its bytes. Drops the field if it has these bytes still.
pub(super) const DROP: &str = tidy!(
    "
if redis.call('HGET', KEYS[1], ARGV[2]) == ARGV[3] then
  redis.call('HDEL', KEYS[1], ARGV[2])
  if ARGV[2] == 'e' then
    redis.call('HDEL', KEYS[1], 'f', 'n')
    redis.call('ZREM', KEYS[3], ARGV[1])
    redis.call('ZADD', KEYS[4], 0, ARGV[1])
  end
end"
);

/// `ARGV`: the bytes of entry and history. Forgets the domain if it has these still.
pub(super) const FORGET: &str = tidy!(
    "
local kept = redis.call('HMGET', KEYS[1], 'e', 'h')
if (kept[1] or '') == ARGV[2] and (kept[2] or '') == ARGV[3] then
  redis.call('DEL', KEYS[1])
end"
);

/// `KEYS`: the refreshes. `ARGV`: now, how far ahead a plan may lie, how many, until when they are
/// lent. Gives out names, and not again before that.
pub(super) const TAKE_DUE: &str = "
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
local left = ARGV[3] - #due
if left > 0 then
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf', 'LIMIT', 0, left)) do
    due[#due + 1] = name
  end
end
for _, name in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[4], name)
end
return due";
