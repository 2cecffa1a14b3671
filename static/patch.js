"use strict";
// Shows what the explorer's worker says is to be seen: slotrace.patched(element) is a function that takes patches of what is in
// the element. web/tree/patch.go says what their bytes mean, and a test there holds the two lists to its own. Text is only ever
// text; no tag and no attribute here can run or fetch anything.
slotrace.patched = (() => {
  const tags = ("a-root div span p b small em code kbd h2 h3 header footer section aside form nav details summary " +
    "ul ol li dl dt dd table thead tbody tr th td caption button label input select option progress output " +
    "svg g path line circle rect text title polyline polygon").split(" ");
  const svg = tags.indexOf("svg");
  const names = ("class id role hidden title tabindex for type name value min max step checked selected disabled open scope colspan rowspan " +
    "aria-label aria-labelledby aria-describedby aria-live aria-atomic aria-current aria-pressed aria-keyshortcuts aria-hidden aria-busy aria-disabled aria-valuemin aria-valuemax aria-valuenow aria-valuetext aria-invalid maxlength " +
    "data-do data-scenario data-variant data-threads data-ops data-schedule data-step data-verdict data-state data-search data-thread data-tape data-scrub data-focus " +
    "viewBox width height x y x1 y1 x2 y2 cx cy r rx d points transform text-anchor preserveAspectRatio focusable").split(" ");
  const utf8 = new TextDecoder();
  const known = (list, i) => {
    if (i < list.length) return list[i];
    throw new Error("patch: no name " + i);
  };

  // Scrolls what is of the class scroll, and nothing around it.
  const reveal = (e) => {
    const box = e.closest(".scroll");
    if (!box) return;
    const margin = 44, at = e.getBoundingClientRect(), room = box.getBoundingClientRect();
    const above = room.top + margin - at.top, below = at.bottom + margin - room.bottom;
    if (above > 0) box.scrollTop -= above;
    else if (below > 0) box.scrollTop += below;
    if (at.left < room.left) box.scrollLeft -= room.left - at.left;
    else if (at.right > room.right) box.scrollLeft += Math.min(at.right - room.right, at.left - room.left);
  };
  const copy = (fragment) => {
    const address = location.origin + location.pathname + "#" + fragment;
    if (navigator.clipboard) return navigator.clipboard.writeText(address).catch(() => byHand(address));
    byHand(address);
  };
  const byHand = (address) => { // over plain HTTP, browsers have only this
    const field = document.createElement("textarea");
    field.value = address;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  };
  const save = (name, blob) => {
    const a = document.createElement("a");
    a.href = URL.createObjectURL(blob);
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
  };

  // The address follows what is shown, but nobody who has gone elsewhere is called back: the page hears of that only now.
  let here = location.hash;
  addEventListener("hashchange", () => { here = location.hash; });
  const tell = (hash) => {
    if (location.hash === here && /^#explore(\?|$)/.test(here)) history.replaceState(null, "", here = hash);
  };

  slotrace.copyByHand = byHand;
  slotrace.save = save;
  return (root) => {
    const elements = [null, root];
    const apply = (buffer) => {
      const bytes = new Uint8Array(buffer), active = document.activeElement;
      let at = 0;
      const number = () => {
        for (let n = 0, scale = 1; ; scale *= 128) {
          const b = bytes[at++];
          n += (b & 127) * scale;
          if (!(b & 128)) return n;
        }
      };
      const text = () => {
        const n = number();
        return utf8.decode(bytes.subarray(at, (at += n)));
      };
      while (at < bytes.length) {
        const order = bytes[at++];
        if (order <= 7) {
          const id = number(), e = elements[id];
          switch (order) {
            case 1: {
              const tag = number();
              elements[id] = tag < svg ? document.createElement(known(tags, tag)) : document.createElementNS("http://www.w3.org/2000/svg", known(tags, tag));
              break;
            }
            case 2: e.textContent = text(); break;
            case 3: {
              const name = known(names, number()), value = text();
              e.setAttribute(name, value);
              // Once somebody has turned a control, its attribute counts no more.
              if (name === "value") e.value = value;
              else if (name === "checked") e.checked = true;
              break;
            }
            case 4: {
              const name = known(names, number());
              e.removeAttribute(name);
              if (name === "checked") e.checked = false;
              break;
            }
            case 5: {
              const child = elements[number()];
              e.insertBefore(child, elements[number()]);
              break;
            }
            case 6: e.remove(); break;
            case 7: reveal(e); break;
          }
          continue;
        }
        switch (order) {
          case 8: tell("#" + text()); break;
          case 9: copy(text()); break;
          case 10: {
            const name = text(), type = text();
            save(name, new Blob([text()], { type }));
            break;
          }
          default: throw new Error("patch: no order " + order);
        }
      }
      if (active !== document.activeElement && active?.isConnected) active.focus({ preventScroll: true });
    };
    return (buffer) => { // says what went wrong with it
      try {
        apply(buffer);
        return "";
      } catch (error) {
        return error.message;
      }
    };
  };
})();
