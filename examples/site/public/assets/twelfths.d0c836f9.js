// The rule of twelfths: the share of the rise that is done at the end of each hour.
const done = [0, 1, 3, 6, 9, 11, 12];

const form = document.getElementById("twelfths");
const result = document.getElementById("result");

function show() {
  const low = form.low.valueAsNumber;
  const high = form.high.valueAsNumber;
  const hours = form.hours.valueAsNumber;
  document.getElementById("hours-shown").textContent = hours;
  if (!form.checkValidity() || high <= low) {
    result.textContent = "High water has to be higher than low water.";
    return;
  }
  const hour = Math.floor(hours);
  const before = done[hour];
  const twelfths = before + ((done[hour + 1] ?? before) - before) * (hours - hour);
  const height = low + ((high - low) * twelfths) / 12;
  const number = document.createElement("b");
  number.textContent = `${height.toFixed(1)} m`;
  const share = Math.round((twelfths / 12) * 100);
  result.replaceChildren("About ", number, ` above datum: ${share === 50 ? "half" : `${share} %`} of the rise is done.`);
}

form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
show();
