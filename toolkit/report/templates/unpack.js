// Unpacks what `markup.packed` wrote; it stands within the closure of alive.js.
const bytesOf = (text) => {
  const place = new Map();
  for (let code = 33; code < 127; code += 1) if (!"<>&".includes(String.fromCharCode(code))) place.set(code, place.size);
  const bytes = new Uint8Array(text.length);
  let size = 0;
  let bits = 0;
  let many = 0;
  let first = -1;
  for (let i = 0; i < text.length; i += 1) {
    const next = place.get(text.charCodeAt(i));
    if (first < 0) {
      first = next;
      continue;
    }
    const value = first + 91 * next;
    first = -1;
    bits |= value << many;
    for (many += (value & 8191) > 88 ? 13 : 14; many > 7; many -= 8, bits >>= 8) bytes[size++] = bits & 255;
  }
  if (first >= 0) bytes[size++] = (bits | (first << many)) & 255;
  return bytes.subarray(0, size);
};
// LZMA as its specification has it (Pavlov 2015), with lc = 3, lp = 0, pb = 0 and a mark at the end.
const expand = (bytes) => {
  const chances = (many) => new Uint16Array(many).fill(1024);
  let range = 0xffffffff;
  let code = 0;
  let at = 1;
  const more = () => {
    if (range >= 0x1000000) return;
    if (at >= bytes.length) throw new RangeError("the data end too early");
    range = (range << 8) >>> 0;
    code = ((code << 8) | bytes[at++]) >>> 0;
  };
  for (let i = 0; i < 4; i += 1) code = ((code << 8) | bytes[at++]) >>> 0;
  const bit = (table, i) => {
    const bound = (range >>> 11) * table[i];
    const one = code < bound ? 0 : 1;
    if (one) {
      code -= bound;
      range -= bound;
      table[i] -= table[i] >> 5;
    } else {
      range = bound;
      table[i] += (2048 - table[i]) >> 5;
    }
    more();
    return one;
  };
  const straight = (many) => {
    let value = 0;
    for (let i = 0; i < many; i += 1) {
      range >>>= 1;
      const one = code < range ? 0 : 1;
      if (one) code -= range;
      value = value * 2 + one;
      more();
    }
    return value;
  };
  const tree = (table, width, from = 0) => {
    let node = 1;
    for (let i = 0; i < width; i += 1) node = node * 2 + bit(table, from + node);
    return node - (1 << width);
  };
  const backward = (table, width, from = 0) => {
    let node = 1;
    let value = 0;
    for (let i = 0; i < width; i += 1) {
      const one = bit(table, from + node);
      node = node * 2 + one;
      value += one << i;
    }
    return value;
  };
  const lengths = () => ({ choice: chances(2), low: chances(8), middle: chances(8), high: chances(256) });
  const length = ({ choice, low, middle, high }) => {
    if (!bit(choice, 0)) return tree(low, 3);
    return bit(choice, 1) ? 16 + tree(high, 8) : 8 + tree(middle, 3);
  };
  const [matched, again, first, second, third, single] = Array.from({ length: 6 }, () => chances(12));
  const [fresh, repeated] = [lengths(), lengths()];
  const [literals, slots, special, align] = [chances(0x300 << 3), chances(256), chances(128), chances(16)];
  const distance = (size) => {
    const slot = tree(slots, 6, Math.min(size, 3) * 64);
    if (slot < 4) return slot;
    const many = (slot >> 1) - 1;
    const base = (2 + (slot & 1)) * 2 ** many;
    if (slot < 14) return base + backward(special, many, base - slot);
    return base + straight(many - 4) * 16 + backward(align, 4);
  };
  let out = new Uint8Array(1 << 20);
  let size = 0;
  const put = (byte) => {
    if (size === out.length) {
      const wider = new Uint8Array(2 * size);
      wider.set(out);
      out = wider;
    }
    out[size++] = byte;
  };
  const literal = (state, back) => {
    const from = 0x300 * (size ? out[size - 1] >> 5 : 0);
    let node = 1;
    if (state > 6) {
      for (let like = out[size - back - 1]; node < 256; like = (like << 1) & 255) {
        const one = bit(literals, from + ((1 + (like >> 7)) << 8) + node);
        node = node * 2 + one;
        if (one !== like >> 7) break;
      }
    }
    while (node < 256) node = node * 2 + bit(literals, from + node);
    put(node & 255);
  };
  const back = [0, 0, 0, 0];
  for (let state = 0; ;) {
    if (!bit(matched, state)) {
      literal(state, back[0]);
      state = state < 4 ? 0 : state - (state < 10 ? 3 : 6);
      continue;
    }
    let many;
    if (!bit(again, state)) {
      many = length(fresh);
      back.unshift(distance(many));
      back.pop();
      state = state < 7 ? 7 : 10;
      if (back[0] === 0xffffffff) return out.subarray(0, size);
    } else {
      const which = !bit(first, state) ? 0 : !bit(second, state) ? 1 : 2 + bit(third, state);
      if (!which && !bit(single, state)) {
        put(out[size - back[0] - 1]);
        state = state < 7 ? 9 : 11;
        continue;
      }
      back.unshift(...back.splice(which, 1));
      many = length(repeated);
      state = state < 7 ? 8 : 11;
    }
    for (let i = -2; i < many; i += 1) put(out[size - back[0] - 1]);
  }
};
const unpack = (id) => new TextDecoder().decode(expand(bytesOf(document.getElementById(id).textContent)));
