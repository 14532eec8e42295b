document.getElementById('root')?.append('Amphi: index');
