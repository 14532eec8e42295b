document.getElementById('root')?.append('Amphi: watch');
