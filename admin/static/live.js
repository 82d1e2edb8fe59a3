// How long agents and calls have been what they are: counted up here, the server sends only since when.
'use strict';

// By the server's clock: the reader's may be wrong.
const aheadMs = Number(document.querySelector('[data-now]')?.dataset.now ?? Date.now() / 1e3) * 1e3 - Date.now();
const two = (number) => String(number).padStart(2, '0');

function aged(since) {
  const seconds = Math.max(0, Math.floor((Date.now() + aheadMs - Date.parse(since)) / 1e3));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

function countUp() {
  document.querySelectorAll('time.age').forEach((place) => {
    const shown = aged(place.dateTime);
    if (place.textContent !== shown) place.textContent = shown;
  });
}

countUp();
setInterval(countUp, 1000);
document.addEventListener('htmx:after:swap', countUp);
