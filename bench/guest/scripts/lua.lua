local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local Point = {}
Point.__index = Point
function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end
function Point:moved(by) return Point.new(self.x + by, self.y - by) end

local sum = 0
for round = 1, tonumber(arg[1]) do
  sum = sum + fib(16)
  local words = {}
  for i = 1, 300 do words[i] = ("w" .. (i * 7919 + round) % 1000) end
  table.sort(words)
  sum = sum + #table.concat(words, ",")
  local p = Point.new(round, 1)
  for i = 1, 500 do p = p:moved(i % 3) end
  sum = sum + p.x
  local counts = {}
  for w in ("the quick brown fox jumps over the lazy dog and the end"):rep(5, " "):gmatch("%a+") do counts[w] = (counts[w] or 0) + 1 end
  sum = sum + counts.the
end
print(sum)
